#include "services/cloudformation/template.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/whole_number.h"
#include "services/cloudformation/language_extensions.h"
#include "services/cloudformation/references.h"
#include "services/cloudformation/rules.h"
#include "services/cloudformation/transforms.h"

namespace dew::cloudformation {

namespace {

bool is_alnum(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

std::unexpected<aws::ApiError> format_error(std::string message) {
  return invalid("Template format error: " + std::move(message));
}

// A scalar as CloudFormation turns it into text; nullopt for anything else.
std::optional<std::string> scalar_text(const json::Value& value) {
  if (value.is_string()) return json::str(value);
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_number()) return json::dump(value);
  return std::nullopt;
}

ApiResult<void> check_depth(const json::Value& value, const std::string& path, int depth,
                            size_t& nodes) {
  if (depth > kTemplateDepth) return format_error("nested too deeply");
  if (++nodes > kTemplateNodes) return format_error("too many nodes");
  if (value.is_null()) {
    return format_error(fmt::format("[{}] 'null' values are not allowed in templates", path));
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      CHECK_OK(check_depth(member, path + "/" + std::string(name), depth + 1, nodes));
    }
  } else if (value.is_array()) {
    size_t i = 0;
    for (const auto& item : value.as_array()) {
      CHECK_OK(check_depth(item, fmt::format("{}/{}", path, i++), depth + 1, nodes));
    }
  }
  return {};
}

ApiResult<const json::Object*> section(const json::Object& document, std::string_view name) {
  const auto* value = json::find(document, name);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) return format_error(fmt::format("Every {} member must be a map.", name));
  return &value->as_object();
}

ApiResult<ParameterDeclaration> parse_parameter(std::string_view name, const json::Value& value) {
  const auto where = fmt::format("[/Parameters/{}]", name);
  if (!value.is_object()) return format_error(where + " Every Parameters object must be a map.");
  ParameterDeclaration out;
  const auto& members = value.as_object();
  if (!members.contains("Type")) {
    return format_error("Every Parameters object must contain a Type member.");
  }
  for (const auto& [key, member] : members) {
    const auto text = scalar_text(member);
    const auto number = [&]() -> std::optional<double> {
      if (!text) return std::nullopt;
      char* end = nullptr;
      const auto parsed = std::strtod(text->c_str(), &end);
      if (text->empty() || *end != 0) return std::nullopt;
      return parsed;
    };
    if (key == "AllowedValues") {
      if (!member.is_array()) return format_error(where + " AllowedValues must be a list.");
      for (const auto& item : member.as_array()) {
        const auto allowed = scalar_text(item);
        if (!allowed) return format_error(where + " AllowedValues must be scalars.");
        out.allowed_values.push_back(*allowed);
      }
      continue;
    }
    if (!text) return format_error(fmt::format("{} {} must be a scalar.", where, std::string(key)));
    if (key == "Type") {
      out.type = *text;
    } else if (key == "Default") {
      out.default_value = *text;
    } else if (key == "Description") {
      out.description = *text;
    } else if (key == "NoEcho") {
      out.no_echo = *text == "true" || *text == "True";
    } else if (key == "AllowedPattern") {
      out.allowed_pattern = *text;
    } else if (key == "ConstraintDescription") {
      out.constraint_description = *text;
    } else if (key == "MinValue" || key == "MaxValue" || key == "MinLength" || key == "MaxLength") {
      const auto parsed = number();
      if (!parsed)
        return format_error(fmt::format("{} {} must be a number.", where, std::string(key)));
      if (key == "MinValue") out.min_value = parsed;
      if (key == "MaxValue") out.max_value = parsed;
      if (key == "MinLength" || key == "MaxLength") {
        const auto length = whole_number(*parsed);
        if (!length)
          return format_error(fmt::format("{} {} must be an integer.", where, std::string(key)));
        (key == "MinLength" ? out.min_length : out.max_length) = *length;
      }
    } else {
      return invalid(fmt::format("Invalid template parameter property '{}'", std::string(key)));
    }
  }
  return out;
}

ApiResult<ResourceDeclaration> parse_resource(std::string_view name, const json::Value& value) {
  const auto where = fmt::format("[/Resources/{}]", name);
  if (name.starts_with(kForEach)) return format_error(where + " resource definition is malformed");
  if (!is_alnum(name))
    return format_error(fmt::format("Resource name {} is non alphanumeric.", name));
  if (!value.is_object()) return format_error(where + " Every Resources object must be a map.");
  ResourceDeclaration out;
  const json::Value* update_policy = nullptr;
  for (const auto& [key, member] : value.as_object()) {
    const auto text = scalar_text(member);
    const auto scalar = [&](std::string& to) -> ApiResult<void> {
      if (!text)
        return format_error(fmt::format("{} {} must be a string.", where, std::string(key)));
      to = *text;
      return {};
    };
    if (key == "Type") {
      CHECK_OK(scalar(out.type));
    } else if (key == "Condition") {
      CHECK_OK(scalar(out.condition));
    } else if (key == "DeletionPolicy" || key == "UpdateReplacePolicy") {
      auto& to = key == "DeletionPolicy" ? out.deletion_policy : out.update_replace_policy;
      CHECK_OK(scalar(to));
      if (to != "Delete" && to != "Retain" && to != "RetainExceptOnCreate") {
        if (to == "Snapshot")
          return invalid(fmt::format("{} {} Snapshot is not supported by this resource type", where,
                                     std::string(key)));
        return format_error(
            fmt::format("Unrecognized {} {} for resource {}", std::string(key), to, name));
      }
    } else if (key == "DependsOn") {
      if (text) {
        out.depends_on.push_back(*text);
      } else if (member.is_array()) {
        for (const auto& item : member.as_array()) {
          if (!item.is_string())
            return format_error(where + " DependsOn must be a string or a list of strings.");
          out.depends_on.push_back(json::str(item));
        }
      } else {
        return format_error(where + " DependsOn must be a string or a list of strings.");
      }
    } else if (key == "Properties") {
      if (!member.is_object()) return format_error(where + " Properties must be a map.");
      out.properties = member.as_object();
    } else if (key == "Metadata") {
      out.metadata = member;
    } else if (key == "CreationPolicy") {
      out.creation_policy = member;
    } else if (key == "UpdatePolicy") {
      update_policy = &member;
    } else if (key != "Description") {
      return invalid(fmt::format("Invalid template resource property '{}'", std::string(key)));
    }
  }
  if (out.type.empty())
    return format_error(where + " Every Resources object must contain a Type member.");
  if (out.type == "AWS::Lambda::Alias" && out.properties.contains("UpdatePolicy"))
    return invalid(where + " UpdatePolicy stands beside Properties, not in them.");
  if (update_policy != nullptr) {
    if (out.type != "AWS::Lambda::Alias")
      return invalid(
          fmt::format("{} Dewpoint does not support UpdatePolicy of {} yet", where, out.type));
    // Evaluated and compared as its properties are.
    out.properties["UpdatePolicy"] = *update_policy;
  }
  return out;
}

ApiResult<OutputDeclaration> parse_output(std::string_view name, const json::Value& value) {
  if (!is_alnum(name))
    return format_error(fmt::format("Output name {} is non alphanumeric.", name));
  if (!value.is_object() || !value.as_object().contains("Value")) {
    return format_error("Every Outputs member must contain a Value object");
  }
  OutputDeclaration out;
  for (const auto& [key, member] : value.as_object()) {
    if (key == "Value") {
      out.value = member;
    } else if (key == "Description") {
      out.description = scalar_text(member).value_or("");
    } else if (key == "Condition") {
      out.condition = scalar_text(member).value_or("");
    } else if (key == "Export") {
      const auto* export_name = json::find(member, "Name");
      if (export_name == nullptr || member.as_object().size() != 1) {
        return format_error(fmt::format("Output {} is malformed: Export must contain Name", name));
      }
      out.export_name = *export_name;
    } else {
      return format_error(
          fmt::format("Output {} contains the unknown property '{}'", name, std::string(key)));
    }
  }
  return out;
}

ApiResult<void> check_sections(const json::Object& document) {
  static constexpr std::array<std::string_view, 11> kSections = {"AWSTemplateFormatVersion",
                                                                 "Description",
                                                                 "Metadata",
                                                                 "Parameters",
                                                                 "Mappings",
                                                                 "Conditions",
                                                                 "Transform",
                                                                 "Resources",
                                                                 "Outputs",
                                                                 "Rules",
                                                                 "Hooks"};
  std::string unknown;
  for (const auto& [name, value] : document) {
    if (std::ranges::find(kSections, std::string_view(name)) == kSections.end()) {
      unknown += (unknown.empty() ? "" : ", ") + std::string(name);
    }
  }
  if (!unknown.empty()) return invalid("Invalid template property or properties [" + unknown + "]");
  if (document.contains("Hooks"))
    return invalid("Dewpoint does not support the template section Hooks yet");
  if (const auto* version = json::find(document, "AWSTemplateFormatVersion")) {
    if (scalar_text(*version) != "2010-09-09") {
      return format_error("unrecognized template version: " + scalar_text(*version).value_or("?"));
    }
  }
  return {};
}

ApiResult<void> parse_mappings(const json::Object& mappings) {
  if (mappings.size() > kMappings) return invalid("Template format error: too many mappings");
  for (const auto& [name, map] : mappings) {
    const auto bad = [&] {
      return format_error(
          fmt::format("Every Mappings member {} must be a map of maps.", std::string(name)));
    };
    if (!map.is_object()) return bad();
    for (const auto& [key, attributes] : map.as_object()) {
      if (!attributes.is_object()) return bad();
      for (const auto& [attribute, value] : attributes.as_object()) {
        const bool list =
            value.is_array() && std::ranges::all_of(value.as_array(), [](const json::Value& v) {
              return scalar_text(v).has_value();
            });
        if (!list && !scalar_text(value)) {
          return format_error(
              fmt::format("Every Mappings attribute must be a String or a List. ({}/{}/{})",
                          std::string(name), std::string(key), std::string(attribute)));
        }
      }
    }
  }
  return {};
}

ApiResult<void> parse_parameters(const json::Object& document, Template& out) {
  TRY(const auto* parameters, section(document, "Parameters"));
  if (parameters == nullptr) return {};
  if (parameters->size() > kParameters)
    return format_error("Number of parameters is greater than maximum allowed, 200");
  for (const auto& [name, value] : *parameters) {
    if (!is_alnum(name))
      return format_error(fmt::format("Parameter name {} is non alphanumeric.", std::string(name)));
    TRY(auto parameter, parse_parameter(name, value));
    out.parameters.emplace_back(name, std::move(parameter));
  }
  return {};
}

ApiResult<void> parse_head(const json::Object& document, Template& out) {
  CHECK_OK(check_sections(document));
  if (const auto* description = json::find(document, "Description")) {
    if (!description->is_string()) return format_error("Description must be a string.");
    out.description = json::str(*description);
  }
  if (const auto* metadata = json::find(document, "Metadata")) out.metadata = *metadata;
  out.transforms = declared_transforms(document);
  return parse_parameters(document, out);
}

ApiResult<void> parse_sections(const json::Object& document, Template& out) {
  TRY(const auto* rules, section(document, "Rules"));
  if (rules != nullptr) out.rules = *rules;
  TRY(const auto* mappings, section(document, "Mappings"));
  if (mappings != nullptr) {
    CHECK_OK(parse_mappings(*mappings));
    out.mappings = *mappings;
  }
  TRY(const auto* conditions, section(document, "Conditions"));
  if (conditions != nullptr) out.conditions = *conditions;
  TRY(const auto* resources, section(document, "Resources"));
  if (resources == nullptr || resources->empty()) {
    return format_error("At least one Resources member must be defined.");
  }
  if (resources->size() > kResources)
    return format_error("Number of resources, " + std::to_string(resources->size()) +
                        ", is greater than maximum allowed, 500");
  for (const auto& [name, value] : *resources) {
    TRY(auto resource, parse_resource(name, value));
    out.resources.emplace_back(name, std::move(resource));
  }
  TRY(const auto* outputs, section(document, "Outputs"));
  if (outputs != nullptr) {
    if (outputs->size() > kOutputs)
      return format_error("Number of outputs is greater than maximum allowed, 200");
    for (const auto& [name, value] : *outputs) {
      TRY(auto output, parse_output(name, value));
      out.outputs.emplace_back(name, std::move(output));
    }
  }
  return {};
}

}  // namespace

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail("ValidationError", std::move(message), 400);
}

const ResourceDeclaration* Template::resource(std::string_view name) const {
  for (const auto& [key, value] : resources) {
    if (key == name) return &value;
  }
  return nullptr;
}

const ParameterDeclaration* Template::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return &value;
  }
  return nullptr;
}

ApiResult<json::Value> parse_template_text(std::string_view text, ShortForms short_forms) {
  const auto first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string_view::npos) return format_error("unsupported structure.");
  if (!is_valid_utf8(text)) return format_error("the template is not valid UTF-8");
  if (text[first] != '{') return parse_yaml(text, short_forms);
  auto parsed = json::parse(text);
  if (parsed) return std::move(*parsed);
  // YAML's flow style begins with a brace too.
  if (auto yaml = parse_yaml(text, short_forms)) return yaml;
  return format_error("JSON not well-formed. " + parsed.error().message);
}

namespace {

ApiResult<json::Object> parse_document(std::string_view text) {
  TRY(auto document, parse_template_text(text));
  if (!document.is_object()) return format_error("unsupported structure.");
  size_t nodes = 0;
  CHECK_OK(check_depth(document, "", 0, nodes));
  return std::move(document.as_object());
}

ApiResult<Template> parse_processed(const json::Object& document) {
  Template out;
  CHECK_OK(parse_head(document, out));
  CHECK_OK(parse_sections(document, out));
  CHECK_OK(check_references(out));
  CHECK_OK(check_rules(out));
  return out;
}

}  // namespace

ApiResult<Template> parse_template(std::string_view text) {
  TRY(const auto document, parse_document(text));
  return parse_processed(document);
}

ApiResult<Template> parse_unprocessed(std::string_view text) {
  TRY(const auto document, parse_document(text));
  if (declared_transforms(document).empty()) return parse_processed(document);
  Template out;
  CHECK_OK(parse_head(document, out));
  if (const auto* mappings = json::object_at(document, "Mappings")) out.mappings = *mappings;
  const auto* resources = json::object_at(document, "Resources");
  for (const auto& [name, resource] : resources ? *resources : json::Object()) {
    const auto* type = json::find(resource, "Type");
    if (type == nullptr || !type->is_string()) continue;
    out.resources.emplace_back(name, ResourceDeclaration{.type = json::str(*type)});
  }
  return out;
}

}  // namespace dew::cloudformation
