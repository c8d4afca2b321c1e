#include "services/cloudformation/references.h"

#include <algorithm>
#include <array>

#include "services/cloudformation/language_extensions.h"

namespace dew::cloudformation {

namespace {

constexpr std::array<std::string_view, 16> kKnown = {
    "Fn::Base64", "Fn::Cidr",      "Fn::And",    "Fn::Equals",      "Fn::If",          "Fn::Not",
    "Fn::Or",     "Fn::FindInMap", "Fn::GetAtt", "Fn::GetAZs",      "Fn::ImportValue", "Fn::Join",
    "Fn::Select", "Fn::Split",     "Fn::Sub",    "Fn::ToJsonString"};

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// Fn::GetAtt's two forms: [Name, Attribute] and "Name.Attribute".
ApiResult<std::pair<std::string, const json::Value*>> get_att_resource(const json::Value& argument,
                                                                       std::string& attribute) {
  const auto bad = [] {
    return invalid(
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource "
        "name and the resource attribute");
  };
  if (argument.is_string()) {
    const auto text = json::str(argument);
    const auto dot = text.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) return bad();
    attribute = text.substr(dot + 1);
    return std::pair{text.substr(0, dot), static_cast<const json::Value*>(nullptr)};
  }
  if (!argument.is_array() || argument.as_array().size() < 2 || !argument.as_array()[0].is_string())
    return bad();
  const auto& list = argument.as_array();
  if (list.size() == 2 && !list[1].is_string()) return std::pair{json::str(list[0]), &list[1]};
  for (size_t i = 1; i < list.size(); ++i) {
    if (!list[i].is_string() || list[i].as_string().empty()) return bad();
    attribute += (i > 1 ? "." : "") + json::str(list[i]);
  }
  return std::pair{json::str(list[0]), static_cast<const json::Value*>(nullptr)};
}

ApiResult<void> collect_sub(const json::Value& argument, References& out) {
  const json::Value* text = &argument;
  const json::Object* variables = nullptr;
  if (argument.is_array()) {
    const auto& list = argument.as_array();
    if (list.size() != 2 || !list[0].is_string() || !list[1].is_object()) {
      return invalid(
          "Template error: One or more Fn::Sub intrinsic functions don't specify expected "
          "arguments. Specify a string as first argument, and an optional second argument to "
          "specify a mapping of values to replace in the string");
    }
    text = list.data();
    variables = &list[1].as_object();
    for (const auto& [name, value] : *variables) CHECK_OK(collect(value, out));
  }
  if (!text->is_string()) {
    return invalid("Template error: every Fn::Sub object requires a string as its first argument");
  }
  return walk_sub(
      json::view(text->as_string()), [](std::string_view) -> ApiResult<void> { return {}; },
      [&](std::string_view name) -> ApiResult<void> {
        if (variables != nullptr && variables->contains(name)) return {};
        const auto dot = name.find('.');
        if (dot == std::string_view::npos) {
          out.refs.emplace(name);
        } else {
          out.attributes.emplace(name.substr(0, dot), name.substr(dot + 1));
        }
        return {};
      });
}

}  // namespace

bool is_pseudo_parameter(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kPseudo = {
      "AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue",   "AWS::Partition",
      "AWS::Region",    "AWS::StackId",          "AWS::StackName", "AWS::URLSuffix"};
  return std::ranges::find(kPseudo, name) != kPseudo.end();
}

FunctionCall as_function(const json::Value& value) {
  if (!value.is_object() || value.as_object().size() != 1) return {};
  const auto& [name, argument] = *value.as_object().begin();
  const std::string_view key = name;
  if (key == "Ref" || key.starts_with("Fn::")) return {key, &argument};
  if (key == "Condition" && argument.is_string()) return {key, &argument};
  return {};
}

ApiResult<void> walk_sub(std::string_view text,
                         const std::function<ApiResult<void>(std::string_view)>& literal,
                         const std::function<ApiResult<void>(std::string_view)>& variable) {
  while (!text.empty()) {
    const auto dollar = text.find("${");
    if (dollar == std::string_view::npos) return literal(text);
    if (dollar > 0) CHECK_OK(literal(text.substr(0, dollar)));
    const auto end = text.find('}', dollar);
    if (end == std::string_view::npos) {
      return literal(text.substr(dollar));  // an unclosed ${ is text
    }
    auto name = text.substr(dollar + 2, end - dollar - 2);
    if (name.starts_with('!')) {
      CHECK_OK(literal("${"));
      CHECK_OK(literal(name.substr(1)));
      CHECK_OK(literal("}"));
    } else {
      while (name.starts_with(' ')) name.remove_prefix(1);
      while (name.ends_with(' ')) name.remove_suffix(1);
      const bool fine = !name.empty() && std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == ':' || c == '.' || c == '_' || c == '-';
      });
      if (!fine) {
        return invalid(
            "Template error: variable names in Fn::Sub syntax must contain only alphanumeric "
            "characters, underscores, periods, and colons");
      }
      CHECK_OK(variable(name));
    }
    text = text.substr(end + 1);
  }
  return {};
}

ApiResult<void> collect(const json::Value& value, References& out) {
  if (value.is_array()) {
    for (const auto& item : value.as_array()) CHECK_OK(collect(item, out));
    return {};
  }
  if (!value.is_object()) return {};
  const auto [function, argument] = as_function(value);
  if (argument == nullptr) {
    for (const auto& [name, member] : value.as_object()) {
      if (value.as_object().size() > 1 && std::string_view(name).starts_with("Fn::")) {
        return invalid(fmt::format("Template format error: {} must be the only member of its map",
                                   std::string(name)));
      }
      CHECK_OK(collect(member, out));
    }
    return {};
  }
  if (function == "Ref") {
    if (!argument->is_string()) {
      return invalid("Template format error: Every Ref object must have a single String value.");
    }
    out.refs.insert(json::str(*argument));
    return {};
  }
  if (function == "Condition") {
    out.conditions.insert(json::str(*argument));
    return {};
  }
  if (std::ranges::find(kKnown, function) == kKnown.end()) {
    return invalid(fmt::format("Template error: the function {} is not supported", function));
  }
  if (function == "Fn::ToJsonString") out.extensions.emplace(function);
  if (function == "Fn::GetAtt") {
    std::string attribute;
    TRY(const auto resource, get_att_resource(*argument, attribute));
    out.attributes.emplace(resource.first, attribute);
    if (resource.second != nullptr) return collect(*resource.second, out);
    return {};
  }
  if (function == "Fn::Sub") return collect_sub(*argument, out);
  if (function == "Fn::If") {
    if (!argument->is_array() || argument->as_array().size() != 3 ||
        !argument->as_array()[0].is_string()) {
      return invalid(
          "Template error: Fn::If requires a list argument with three elements, the first being a "
          "condition name");
    }
    out.conditions.insert(json::str(argument->as_array()[0]));
    CHECK_OK(collect(argument->as_array()[1], out));
    return collect(argument->as_array()[2], out);
  }
  if (function == "Fn::FindInMap") {
    const size_t given = argument->is_array() ? argument->as_array().size() : 0;
    if (given != 3 && given != 4) {
      return invalid(
          "Template error: every Fn::FindInMap object requires three parameters, the map name, map "
          "key and the attribute for return value");
    }
    if (given == 4) out.extensions.emplace("Fn::FindInMap with a default value");
    const auto& map = argument->as_array()[0];
    if (map.is_string()) out.mappings.insert(json::str(map));
  }
  return collect(*argument, out);
}

ApiResult<void> check_references(const Template& tmpl) {
  const auto is_parameter = [&](const std::string& name) {
    return tmpl.parameter(name) != nullptr || is_pseudo_parameter(name);
  };
  const bool extended =
      std::ranges::find(tmpl.transforms, kLanguageExtensions) != tmpl.transforms.end();
  const auto check_names = [&](const References& found, std::string_view block) -> ApiResult<void> {
    if (!extended && !found.extensions.empty()) {
      return invalid(fmt::format("Template error: {} needs the transform {}",
                                 *found.extensions.begin(), kLanguageExtensions));
    }
    for (const auto& name : found.conditions) {
      if (!tmpl.conditions.contains(name)) {
        return invalid(
            fmt::format("Template format error: Unresolved condition dependency {} in the {} block "
                        "of the template",
                        name, block));
      }
    }
    for (const auto& name : found.mappings) {
      if (!tmpl.mappings.contains(name)) {
        return invalid(
            fmt::format("Template error: Mapping named '{}' is not present in the 'Mappings' "
                        "section of template.",
                        name));
      }
    }
    return {};
  };

  References in_conditions;
  for (const auto& [name, value] : tmpl.conditions) CHECK_OK(collect(value, in_conditions));
  std::vector<std::string> unresolved;
  for (const auto& name : in_conditions.refs) {
    if (!is_parameter(name)) unresolved.push_back(name);
  }
  for (const auto& [name, attribute] : in_conditions.attributes) unresolved.push_back(name);
  if (!unresolved.empty()) {
    return invalid(
        fmt::format("Template format error: Unresolved dependencies [{}]. Cannot reference "
                    "resources in the Conditions block of the template",
                    joined(unresolved)));
  }
  CHECK_OK(check_names(in_conditions, "Conditions"));

  const auto check_block = [&](const References& found, std::string_view block) -> ApiResult<void> {
    for (const auto& name : found.refs) {
      if (!is_parameter(name) && tmpl.resource(name) == nullptr) unresolved.push_back(name);
    }
    for (const auto& [name, attribute] : found.attributes) {
      if (tmpl.resource(name) == nullptr) unresolved.push_back(name);
    }
    if (!unresolved.empty()) {
      return invalid(
          fmt::format("Template format error: Unresolved resource dependencies [{}] in the {} "
                      "block of the template",
                      joined(unresolved), block));
    }
    return check_names(found, block);
  };
  References in_resources;
  for (const auto& [name, resource] : tmpl.resources) {
    for (const auto& [key, value] : resource.properties) CHECK_OK(collect(value, in_resources));
    if (!resource.condition.empty()) in_resources.conditions.insert(resource.condition);
    for (const auto& other : resource.depends_on) {
      if (tmpl.resource(other) == nullptr) unresolved.push_back(other);
    }
  }
  CHECK_OK(check_block(in_resources, "Resources"));
  References in_outputs;
  for (const auto& [name, output] : tmpl.outputs) {
    CHECK_OK(collect(output.value, in_outputs));
    if (output.export_name) CHECK_OK(collect(*output.export_name, in_outputs));
    if (!output.condition.empty()) in_outputs.conditions.insert(output.condition);
  }
  return check_block(in_outputs, "Outputs");
}

}  // namespace dew::cloudformation
