#include "services/cloudformation/parameters.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/whole_number.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kSsmValue = "AWS::SSM::Parameter::Value<";

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const auto comma = text.find(',');
    auto item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    out.emplace_back(item);
    if (comma == std::string_view::npos) return out;
    text = text.substr(comma + 1);
  }
}

std::optional<double> number(const std::string& text) {
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end != 0) return std::nullopt;
  return value;
}

std::string shown(double value) {
  const auto whole = whole_number(value);
  return whole ? std::to_string(*whole) : fmt::format("{}", value);
}

bool is_list(std::string_view type) {
  return type == "CommaDelimitedList" || type.starts_with("List<");
}

ApiResult<void> check_type(const std::string& name, std::string_view type) {
  std::string_view inner = type;
  if (type.starts_with(kSsmValue) && type.ends_with('>')) {
    inner = type.substr(kSsmValue.size(), type.size() - kSsmValue.size() - 1);
    if (inner == "String" || inner == "List<String>" || inner == "CommaDelimitedList") return {};
  } else if (type == "String" || type == "Number" || type == "List<Number>" ||
             type == "CommaDelimitedList" || type == "List<String>" ||
             type == "AWS::SSM::Parameter::Name") {
    return {};
  }
  return invalid(fmt::format(
      "Template format error: Unrecognized parameter type: {} (parameter {})", type, name));
}

// One value (an item of a list, or the whole) against the declaration's constraints.
ApiResult<void> check_value(const std::string& name, const ParameterDeclaration& declared,
                            const std::string& value, bool numeric) {
  const auto fails = [&](std::string message) {
    if (!declared.constraint_description.empty()) {
      message = fmt::format("failed to satisfy constraint: {}", declared.constraint_description);
    }
    return invalid(fmt::format("Parameter '{}' {}", name, message));
  };
  if (numeric) {
    const auto parsed = number(value);
    if (!parsed) return invalid(fmt::format("Parameter '{}' must be a number", name));
    if (declared.min_value && *parsed < *declared.min_value)
      return fails("must be a number not less than " + shown(*declared.min_value));
    if (declared.max_value && *parsed > *declared.max_value)
      return fails("must be a number not greater than " + shown(*declared.max_value));
  } else {
    const auto length = static_cast<int64_t>(value.size());
    if (declared.min_length && length < *declared.min_length)
      return fails(fmt::format("must contain at least {} characters", *declared.min_length));
    if (declared.max_length && length > *declared.max_length)
      return fails(fmt::format("must contain at most {} characters", *declared.max_length));
  }
  if (!declared.allowed_pattern.empty()) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    const re2::RE2 pattern(declared.allowed_pattern, options);
    if (!pattern.ok())
      return invalid(fmt::format(
          "Template format error: the AllowedPattern of parameter {} is not supported: {}", name,
          pattern.error()));
    if (!re2::RE2::FullMatch(value, pattern))
      return fails("must match pattern " + declared.allowed_pattern);
  }
  if (!declared.allowed_values.empty() &&
      std::ranges::find(declared.allowed_values, value) == declared.allowed_values.end()) {
    return fails("must be one of AllowedValues");
  }
  return {};
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

ApiResult<GivenParameters> read_parameters(const json::Object& input,
                                           const GivenParameters& previous) {
  GivenParameters out;
  const auto* list = json::array_at(input, "Parameters");
  if (list == nullptr) return out;
  for (const auto& entry : *list) {
    const auto name = json::string_or(entry.as_object(), "ParameterKey");
    if (json::bool_at(entry.as_object(), "UsePreviousValue").value_or(false)) {
      if (entry.as_object().contains("ParameterValue")) {
        return invalid(
            fmt::format("Invalid input for parameter key {}. Cannot specify usePreviousValue as "
                        "true and non empty value for a parameter",
                        name));
      }
      const auto it = previous.find(name);
      if (it == previous.end()) {
        return invalid(
            fmt::format("Invalid input for parameter key {}. Cannot specify usePreviousValue as "
                        "true for a parameter key not in the previous template",
                        name));
      }
      out[name] = it->second;
    } else {
      const auto value = json::string_at(entry.as_object(), "ParameterValue");
      if (!value) {
        return invalid(
            fmt::format("Invalid input for parameter key {}. Need to specify either "
                        "usePreviousValue as true or a value for the parameter",
                        name));
      }
      out[name] = *value;
    }
  }
  return out;
}

ApiResult<BoundParameters> bind_parameters(
    const Template& tmpl, const GivenParameters& given,
    const std::function<ApiResult<std::string>(const std::string& name)>& ssm) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : given) {
    if (tmpl.parameter(name) == nullptr) unknown.push_back(name);
  }
  if (!unknown.empty())
    return invalid(fmt::format("Parameters: [{}] do not exist in the template", joined(unknown)));
  BoundParameters out;
  std::vector<std::string> missing;
  for (const auto& [name, declared] : tmpl.parameters) {
    CHECK_OK(check_type(name, declared.type));
    const auto it = given.find(name);
    if (it != given.end()) {
      out.given[name] = it->second;
    } else if (declared.default_value) {
      out.given[name] = *declared.default_value;
    } else {
      missing.push_back(name);
    }
  }
  if (!missing.empty())
    return invalid(fmt::format("Parameters: [{}] must have values", joined(missing)));
  for (const auto& [name, declared] : tmpl.parameters) {
    const auto& text = out.given[name];
    std::string_view type = declared.type;
    std::string value = text;
    if (type.starts_with(kSsmValue)) {
      TRY(value, ssm(text));
      out.resolved[name] = value;
      type = type.substr(kSsmValue.size(), type.size() - kSsmValue.size() - 1);
    } else if (is_list(type)) {
      for (const auto& item : split_list(text))
        CHECK_OK(check_value(name, declared, item, type == "List<Number>"));
    } else {
      CHECK_OK(check_value(name, declared, text, type == "Number"));
    }
    if (is_list(type)) {
      json::Array items;
      if (!value.empty()) {
        for (const auto& item : split_list(value)) items.emplace_back(item);
      }
      out.values[name] = std::move(items);
    } else {
      out.values[name] = json::String(value);
    }
  }
  return out;
}

}  // namespace dew::cloudformation
