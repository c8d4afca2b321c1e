#include "services/cloudformation/intrinsics.h"

#include <array>
#include <charconv>

#include "base/encoding.h"
#include "services/cloudformation/cidr.h"
#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

constexpr size_t kListItems = 10'000;

std::unexpected<aws::ApiError> error(std::string message) {
  return invalid("Template error: " + std::move(message));
}

}  // namespace

std::optional<std::string> to_text(const json::Value& value) {
  if (value.is_string()) return json::str(value);
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  if (value.is_number()) return json::dump(value);
  return std::nullopt;
}

ApiResult<void> Evaluator::grow(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kEvaluatedBytes) return error("the evaluated template is too large");
  return {};
}

ApiResult<bool> Evaluator::condition(std::string_view name) {
  if (const auto it = conditions_.find(name); it != conditions_.end()) return it->second;
  const auto* value = json::find(template_.conditions, name);
  if (value == nullptr) {
    return invalid(
        fmt::format("Template format error: Unresolved condition dependency {} in the Resources "
                    "block of the template",
                    name));
  }
  if (!evaluating_.emplace(name).second) {
    return invalid(
        fmt::format("Template format error: Found circular condition dependency with {}", name));
  }
  auto result = truth(*value);
  evaluating_.erase(std::string(name));
  if (result) conditions_.emplace(name, *result);
  return result;
}

ApiResult<bool> Evaluator::truth(const json::Value& value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_string()) {
    if (value.as_string() == "true") return true;
    if (value.as_string() == "false") return false;
  }
  const auto [function, argument] = as_function(value);
  if (argument == nullptr) return error("Every Conditions member must be a condition function.");
  if (function == "Condition") return condition(json::view(argument->as_string()));
  if (function == "Fn::Equals") {
    if (!argument->is_array() || argument->as_array().size() != 2) {
      return error("Fn::Equals requires a list argument with two elements");
    }
    TRY(const auto left, evaluate(argument->as_array()[0]));
    TRY(const auto right, evaluate(argument->as_array()[1]));
    if (!left || !right) return !left && !right;
    const auto a = to_text(*left);
    const auto b = to_text(*right);
    return a && b ? *a == *b : *left == *right;
  }
  if (function == "Fn::Not" || function == "Fn::And" || function == "Fn::Or") {
    const bool negate = function == "Fn::Not";
    const bool fine = argument->is_array() && (negate ? argument->as_array().size() == 1
                                                      : argument->as_array().size() >= 2 &&
                                                            argument->as_array().size() <= 10);
    if (!fine) {
      return error(fmt::format("{} requires a list argument with {}", function,
                               negate ? "one element" : "two to ten elements"));
    }
    bool all = true;
    bool any = false;
    for (const auto& item : argument->as_array()) {
      TRY(const auto one, truth(item));
      all = all && one;
      any = any || one;
    }
    return negate ? !all : function == "Fn::And" ? all : any;
  }
  return error(fmt::format("{} cannot be used as a condition", function));
}

ApiResult<std::string> Evaluator::text(const json::Value& value, std::string_view function) {
  TRY(const auto evaluated, evaluate(value));
  auto out = evaluated ? to_text(*evaluated) : std::nullopt;
  if (!out) return error(fmt::format("every argument of {} must be a string", function));
  return std::move(*out);
}

Evaluator::Evaluated Evaluator::evaluate(const json::Value& value) {
  if (value.is_object()) {
    const auto [function, argument] = as_function(value);
    // {"Condition": "Name"} is a function among conditions only; elsewhere it is a map (of a
    // policy, say).
    if (argument != nullptr && function != "Condition") return call(function, *argument);
    json::Object out;
    for (const auto& [name, member] : value.as_object()) {
      TRY(auto evaluated, evaluate(member));
      if (evaluated) out[name] = std::move(*evaluated);
    }
    return out;
  }
  if (value.is_array()) {
    json::Array out;
    for (const auto& item : value.as_array()) {
      TRY(auto evaluated, evaluate(item));
      if (evaluated) out.push_back(std::move(*evaluated));
    }
    return out;
  }
  if (value.is_string()) CHECK_OK(grow(value.as_string().size()));
  return value;
}

Evaluator::Evaluated Evaluator::call(std::string_view function, const json::Value& argument) {
  if (function == "Ref") {
    if (!argument.is_string()) return error("every Ref must have a single string value");
    return ref(json::view(argument.as_string()));
  }
  if (function == "Fn::GetAtt") return get_att(argument);
  if (function == "Fn::Sub") return sub(argument);
  if (function == "Fn::Join") return join(argument);
  if (function == "Fn::Select") return select(argument);
  if (function == "Fn::Split") return split(argument);
  if (function == "Fn::FindInMap") return find_in_map(argument);
  if (function == "Fn::Base64") return base64(argument);
  if (function == "Fn::Cidr") return cidr(argument);
  if (function == "Fn::ToJsonString") {
    TRY(const auto value, evaluate(argument));
    auto shown = value ? json::dump(*value) : std::string("null");
    CHECK_OK(grow(shown.size()));
    return json::String(shown);
  }
  if (function == "Fn::If") {
    if (!argument.is_array() || argument.as_array().size() != 3 ||
        !argument.as_array()[0].is_string()) {
      return error("Fn::If requires a list argument with three elements");
    }
    TRY(const auto chosen, condition(json::view(argument.as_array()[0].as_string())));
    return evaluate(argument.as_array()[chosen ? 1 : 2]);
  }
  if (function == "Fn::ImportValue") {
    TRY(const auto name, text(argument, function));
    TRY(auto value, environment_.import_value(name));
    return value;
  }
  if (function == "Fn::GetAZs") {
    TRY(auto region, text(argument, function));
    if (region.empty()) region = environment_.region;
    json::Array zones;
    for (const char letter : {'a', 'b', 'c'}) zones.emplace_back(region + letter);
    return zones;
  }
  if (function == "Fn::Equals" || function == "Fn::Not" || function == "Fn::And" ||
      function == "Fn::Or") {
    json::Object again;
    again[function] = argument;
    TRY(const auto result, truth(again));
    return json::Value(result);
  }
  return error(fmt::format("the function {} is not supported", function));
}

Evaluator::Evaluated Evaluator::ref(std::string_view name) {
  if (const auto it = environment_.parameters.find(name); it != environment_.parameters.end()) {
    if (it->second.is_string()) CHECK_OK(grow(it->second.as_string().size()));
    return it->second;
  }
  if (name == "AWS::NoValue") return std::nullopt;
  if (name == "AWS::AccountId") return json::String(environment_.account);
  if (name == "AWS::Region") return json::String(environment_.region);
  if (name == "AWS::Partition") return json::String("aws");
  if (name == "AWS::URLSuffix") return json::String("amazonaws.com");
  if (name == "AWS::StackName") return json::String(environment_.stack_name);
  if (name == "AWS::StackId") return json::String(environment_.stack_id);
  if (name == "AWS::NotificationARNs") {
    json::Array list;
    for (const auto& arn : environment_.notification_arns) list.emplace_back(arn);
    return list;
  }
  TRY(auto value, environment_.ref(name));
  return value;
}

Evaluator::Evaluated Evaluator::get_att(const json::Value& argument) {
  std::string resource;
  std::string attribute;
  if (argument.is_string()) {
    const auto whole = json::str(argument);
    const auto dot = whole.find('.');
    resource = whole.substr(0, dot);
    if (dot != std::string::npos) attribute = whole.substr(dot + 1);
  } else if (argument.is_array() && argument.as_array().size() >= 2) {
    const auto& list = argument.as_array();
    TRY(resource, text(list[0], "Fn::GetAtt"));
    for (size_t i = 1; i < list.size(); ++i) {
      TRY(const auto part, text(list[i], "Fn::GetAtt"));
      attribute += (i > 1 ? "." : "") + part;
    }
  }
  if (resource.empty() || attribute.empty()) {
    return error(
        "every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
        "resource attribute");
  }
  TRY(auto value, environment_.get_att(resource, attribute));
  return value;
}

Evaluator::Evaluated Evaluator::sub(const json::Value& argument) {
  std::string pattern;
  json::Object variables;
  if (argument.is_string()) {
    pattern = json::str(argument);
  } else if (argument.is_array() && argument.as_array().size() == 2 &&
             argument.as_array()[0].is_string() && argument.as_array()[1].is_object()) {
    pattern = json::str(argument.as_array()[0]);
    variables = argument.as_array()[1].as_object();
  } else {
    return error("Fn::Sub requires a string, or a list of a string and a map");
  }
  std::string out;
  const auto append = [&](std::string_view more) -> ApiResult<void> {
    CHECK_OK(grow(more.size()));
    out += more;
    return {};
  };
  CHECK_OK(walk_sub(pattern, append, [&](std::string_view name) -> ApiResult<void> {
    if (const auto* own = json::find(variables, name)) {
      TRY(const auto value, text(*own, "Fn::Sub"));
      return append(value);
    }
    const bool attribute = name.find('.') != std::string_view::npos;
    TRY(const auto value, attribute ? get_att(json::String(name)) : ref(name));
    const auto shown = value ? to_text(*value) : std::nullopt;
    if (!shown) return error(fmt::format("{} in Fn::Sub is not a string", name));
    return append(*shown);
  }));
  return json::String(out);
}

Evaluator::Evaluated Evaluator::join(const json::Value& argument) {
  const auto bad = [] {
    return error(
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to "
        "be joined.");
  };
  if (!argument.is_array() || argument.as_array().size() != 2 ||
      !argument.as_array()[0].is_string())
    return bad();
  const auto delimiter = json::str(argument.as_array()[0]);
  TRY(const auto list, evaluate(argument.as_array()[1]));
  if (!list || !list->is_array()) return bad();
  std::string out;
  bool first = true;
  for (const auto& item : list->as_array()) {
    const auto piece = to_text(item);
    if (!piece) return bad();
    CHECK_OK(grow(piece->size() + delimiter.size()));
    if (!first) out += delimiter;
    first = false;
    out += *piece;
  }
  return json::String(out);
}

Evaluator::Evaluated Evaluator::select(const json::Value& argument) {
  if (!argument.is_array() || argument.as_array().size() != 2) {
    return error(
        "Fn::Select requires a list argument with two elements: an integer index and a list");
  }
  TRY(const auto number, text(argument.as_array()[0], "Fn::Select"));
  TRY(const auto list, evaluate(argument.as_array()[1]));
  size_t index = 0;
  const auto [end, failed] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (failed != std::errc{} || end != number.data() + number.size()) {
    return error("Fn::Select requires a list argument with a valid index value");
  }
  if (!list || !list->is_array()) {
    return error(
        "Fn::Select requires a list argument with two elements: an integer index and a list");
  }
  if (index >= list->as_array().size()) {
    return error(fmt::format("Fn::Select cannot select nonexistent value at index {}", index));
  }
  return list->as_array()[index];
}

Evaluator::Evaluated Evaluator::split(const json::Value& argument) {
  if (!argument.is_array() || argument.as_array().size() != 2 ||
      !argument.as_array()[0].is_string() || argument.as_array()[0].as_string().empty()) {
    return error(
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
        "to be split or a function that returns a string to be split.");
  }
  const auto delimiter = json::str(argument.as_array()[0]);
  TRY(const auto whole, text(argument.as_array()[1], "Fn::Split"));
  json::Array out;
  size_t begin = 0;
  while (true) {
    const auto end = whole.find(delimiter, begin);
    if (out.size() >= kListItems) return error("Fn::Split gives too many items");
    out.emplace_back(whole.substr(begin, end == std::string::npos ? end : end - begin));
    if (end == std::string::npos) break;
    begin = end + delimiter.size();
  }
  CHECK_OK(grow(whole.size()));
  return out;
}

Evaluator::Evaluated Evaluator::find_in_map(const json::Value& argument) {
  const size_t given = argument.is_array() ? argument.as_array().size() : 0;
  if (given != 3 && given != 4) {
    return error(
        "every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value");
  }
  const auto& list = argument.as_array();
  TRY(const auto map, text(list[0], "Fn::FindInMap"));
  TRY(const auto key, text(list[1], "Fn::FindInMap"));
  TRY(const auto attribute, text(list[2], "Fn::FindInMap"));
  const auto* otherwise = given == 4 ? json::find(list[3], "DefaultValue") : nullptr;
  if (given == 4 && otherwise == nullptr)
    return error("the fourth parameter of Fn::FindInMap must be a map with DefaultValue");
  const auto* mapping = json::find(template_.mappings, map);
  if (mapping == nullptr && otherwise != nullptr) return evaluate(*otherwise);
  if (mapping == nullptr) {
    return error(fmt::format(
        "Mapping named '{}' is not present in the 'Mappings' section of template.", map));
  }
  const auto* row = json::find(*mapping, key);
  const auto* value = row == nullptr ? nullptr : json::find(*row, attribute);
  if (value == nullptr && otherwise != nullptr) return evaluate(*otherwise);
  if (value == nullptr) {
    return error(fmt::format("Unable to get mapping for {}::{}::{}", map, key, attribute));
  }
  return *value;
}

Evaluator::Evaluated Evaluator::base64(const json::Value& argument) {
  TRY(const auto plain, text(argument, "Fn::Base64"));
  CHECK_OK(grow(plain.size() * 4 / 3));
  return json::String(base64_encode(plain));
}

Evaluator::Evaluated Evaluator::cidr(const json::Value& argument) {
  if (!argument.is_array() || argument.as_array().size() != 3) {
    return error(
        "every Fn::Cidr object requires three parameters, the IP block, the count of blocks to be "
        "made of it and their subnet bits");
  }
  const auto& list = argument.as_array();
  TRY(const auto block, text(list[0], "Fn::Cidr"));
  std::array<int64_t, 2> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) {
    TRY(const auto digits, text(list[i + 1], "Fn::Cidr"));
    const auto* const end = digits.data() + digits.size();
    const auto [at, failed] = std::from_chars(digits.data(), end, numbers[i]);
    if (failed != std::errc{} || at != end)
      return error(fmt::format("Fn::Cidr: '{}' is not a whole number", digits));
  }
  TRY(auto blocks, split_cidr(block, numbers[0], numbers[1]));
  return blocks;
}

ApiResult<json::Value> Evaluator::resolve_dynamic(json::Value value, const std::string& where) {
  if (value.is_object()) {
    for (auto& [name, member] : value.as_object()) {
      TRY(member, resolve_dynamic(std::move(member), where + "/" + std::string(name)));
    }
    return value;
  }
  if (value.is_array()) {
    for (auto& item : value.as_array()) {
      TRY(item, resolve_dynamic(std::move(item), where));
    }
    return value;
  }
  if (!value.is_string()) return value;
  constexpr std::string_view kOpen = "{{resolve:";
  const auto text = json::str(value);
  if (text.find(kOpen) == std::string::npos) return value;
  std::string out;
  size_t at = 0;
  while (true) {
    const auto begin = text.find(kOpen, at);
    const auto end = begin == std::string::npos ? begin : text.find("}}", begin);
    if (end == std::string::npos) break;
    out += text.substr(at, begin - at);
    const auto inner =
        std::string_view(text).substr(begin + kOpen.size(), end - begin - kOpen.size());
    const auto colon = inner.find(':');
    const auto key = colon == std::string_view::npos ? std::string_view() : inner.substr(colon + 1);
    TRY(const auto resolved, environment_.dynamic(inner.substr(0, colon), key, where));
    CHECK_OK(grow(resolved.size()));
    out += resolved;
    at = end + 2;
  }
  out += text.substr(at);
  return json::String(out);
}

}  // namespace dew::cloudformation
