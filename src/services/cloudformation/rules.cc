#include "services/cloudformation/rules.h"

#include <algorithm>

#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

constexpr size_t kFewestOperands = 2;  // of Fn::And and Fn::Or
constexpr size_t kMostOperands = 10;

std::unexpected<aws::ApiError> format_error(std::string message) {
  return invalid("Template format error: " + std::move(message));
}

bool compares(std::string_view function) {
  return function == "Fn::Equals" || function == "Fn::Contains" ||
         function == "Fn::EachMemberEquals" || function == "Fn::EachMemberIn";
}
bool combines(std::string_view function) {
  return function == "Fn::And" || function == "Fn::Or" || function == "Fn::Not";
}

// A value that is compared: text, a list of such, or a Ref to a parameter.
ApiResult<void> check_value(const Template& tmpl, const json::Value& value,
                            const std::string& where) {
  if (value.is_array()) {
    for (const auto& item : value.as_array()) CHECK_OK(check_value(tmpl, item, where));
    return {};
  }
  if (to_text(value)) return {};
  const auto [function, argument] = as_function(value);
  if (function == "Fn::RefAll" || function == "Fn::ValueOf" || function == "Fn::ValueOfAll")
    return invalid(fmt::format("{} Dewpoint does not support {} yet", where, function));
  if (function != "Ref" || !argument->is_string()) {
    return format_error(fmt::format("{} {} is not supported in the Rules section", where,
                                    function.empty() ? "a map" : function));
  }
  const auto name = json::str(*argument);
  if (tmpl.parameter(name) == nullptr && !is_pseudo_parameter(name)) {
    return format_error(
        fmt::format("Unresolved dependencies [{}]. Cannot reference resources in the Rules block "
                    "of the template",
                    name));
  }
  return {};
}

// A condition or an assertion.
ApiResult<void> check_test(const Template& tmpl, const json::Value& value,
                           const std::string& where) {
  const auto [function, argument] = as_function(value);
  if (argument == nullptr) return format_error(where + " must be a rule-specific function.");
  if (combines(function)) {
    const bool negates = function == "Fn::Not";
    const size_t given = argument->is_array() ? argument->as_array().size() : 0;
    if (negates ? given != 1 : given < kFewestOperands || given > kMostOperands) {
      return format_error(fmt::format("{} {} requires a list argument with {}", where, function,
                                      negates ? "one element" : "two to ten elements"));
    }
    for (const auto& item : argument->as_array()) CHECK_OK(check_test(tmpl, item, where));
    return {};
  }
  if (!compares(function))
    return format_error(
        fmt::format("{} {} is not supported in the Rules section", where, function));
  if (!argument->is_array() || argument->as_array().size() != 2) {
    return format_error(
        fmt::format("{} {} requires a list argument with two elements", where, function));
  }
  return check_value(tmpl, *argument, where);
}

// A list stands for itself, one text for a list of it.
std::vector<std::string> texts(const json::Value& value) {
  std::vector<std::string> out;
  if (value.is_array()) {
    for (const auto& item : value.as_array()) out.push_back(to_text(item).value_or(""));
  } else {
    out.push_back(to_text(value).value_or(""));
  }
  return out;
}

ApiResult<bool> holds(const json::Value& value, Evaluator& evaluator) {
  const auto [function, argument] = as_function(value);
  const auto& operands = argument->as_array();
  if (combines(function)) {
    bool all = true;
    bool any = false;
    for (const auto& item : operands) {
      TRY(const auto one, holds(item, evaluator));
      all = all && one;
      any = any || one;
    }
    return function == "Fn::Not" ? !all : function == "Fn::And" ? all : any;
  }
  TRY(const auto left, evaluator.evaluate(operands[0]));
  TRY(const auto right, evaluator.evaluate(operands[1]));
  if (!left || !right) return false;
  const auto a = texts(*left);
  const auto b = texts(*right);
  if (function == "Fn::Equals") return a == b;
  const auto contains = [](const std::vector<std::string>& list, const std::string& one) {
    return std::ranges::find(list, one) != list.end();
  };
  if (function == "Fn::Contains") return b.size() == 1 && contains(a, b[0]);
  if (function == "Fn::EachMemberEquals")
    return b.size() == 1 && std::ranges::all_of(a, [&](const auto& one) { return one == b[0]; });
  return std::ranges::all_of(a, [&](const auto& one) { return contains(b, one); });
}

}  // namespace

ApiResult<void> check_rules(const Template& tmpl) {
  for (const auto& [name, rule] : tmpl.rules) {
    const auto where = fmt::format("[/Rules/{}]", std::string(name));
    if (!rule.is_object()) return format_error(where + " Every Rules object must be a map.");
    for (const auto& [key, member] : rule.as_object()) {
      if (key == "RuleCondition") {
        CHECK_OK(check_test(tmpl, member, where + " RuleCondition"));
      } else if (key != "Assertions") {
        return format_error(fmt::format("{} Invalid rule property '{}'", where, std::string(key)));
      }
    }
    const auto* assertions = json::array_at(rule.as_object(), "Assertions");
    if (assertions == nullptr || assertions->empty())
      return format_error(where + " Every Rules object must contain a list of Assertions.");
    for (const auto& assertion : *assertions) {
      const auto* test = json::find(assertion, "Assert");
      if (test == nullptr)
        return format_error(where + " Every assertion must contain an Assert member.");
      for (const auto& [key, member] : assertion.as_object()) {
        if (key != "Assert" && (key != "AssertDescription" || !member.is_string())) {
          return format_error(
              fmt::format("{} Invalid assertion property '{}'", where, std::string(key)));
        }
      }
      CHECK_OK(check_test(tmpl, *test, where + " Assert"));
    }
  }
  return {};
}

ApiResult<void> apply_rules(const Template& tmpl, Evaluator& evaluator) {
  std::string failed;
  for (const auto& [name, rule] : tmpl.rules) {
    if (const auto* condition = json::find(rule, "RuleCondition")) {
      TRY(const auto applies, holds(*condition, evaluator));
      if (!applies) continue;
    }
    for (const auto& assertion : rule.at("Assertions").as_array()) {
      TRY(const auto fine, holds(assertion.at("Assert"), evaluator));
      if (fine) continue;
      failed +=
          (failed.empty() ? "" : "; ") +
          json::string_or(assertion.as_object(), "AssertDescription",
                          fmt::format("an assertion of the rule {} is false", std::string(name)));
    }
  }
  if (!failed.empty()) return invalid("Template error: Rule assertion failed: " + failed);
  return {};
}

}  // namespace dew::cloudformation
