// Intrinsics: evaluates a template's values against parameters, conditions, mappings and the
// resources that exist so far.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
//
// An Evaluator belongs to one thread. Depth is limited by the template's (kTemplateDepth);
// conditions that refer to each other in a circle are refused. Text that grows by evaluation is
// limited to kEvaluatedBytes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

inline constexpr size_t kEvaluatedBytes = 4 * 1024 * 1024;

// A parameter's value: text, or a list of texts.
using ParameterValues = std::map<std::string, json::Value, std::less<>>;

// What a template is evaluated against.
struct Environment {
  std::string account, region, stack_name, stack_id;
  std::vector<std::string> notification_arns;
  ParameterValues parameters;
  std::function<ApiResult<json::Value>(std::string_view resource)> ref;
  std::function<ApiResult<json::Value>(std::string_view resource, std::string_view attribute)>
      get_att;
  std::function<ApiResult<json::Value>(std::string_view export_name)> import_value;
  // {{resolve:SERVICE:KEY}}; `where` is the property's path, for the error.
  std::function<ApiResult<std::string>(std::string_view service, std::string_view key,
                                       std::string_view where)>
      dynamic;
};

class Evaluator {
 public:
  Evaluator(const Template& tmpl, const Environment& environment)
      : template_(tmpl), environment_(environment) {}

  ApiResult<bool> condition(std::string_view name);
  // nullopt: AWS::NoValue, the member or item is to be left out.
  ApiResult<std::optional<json::Value>> evaluate(const json::Value& value);
  // Replaces {{resolve:…}} in every string.
  ApiResult<json::Value> resolve_dynamic(json::Value value, const std::string& where);

 private:
  using Evaluated = ApiResult<std::optional<json::Value>>;

  Evaluated call(std::string_view function, const json::Value& argument);
  Evaluated ref(std::string_view name);
  Evaluated get_att(const json::Value& argument);
  Evaluated sub(const json::Value& argument);
  Evaluated join(const json::Value& argument);
  Evaluated select(const json::Value& argument);
  Evaluated split(const json::Value& argument);
  Evaluated find_in_map(const json::Value& argument);
  Evaluated base64(const json::Value& argument);
  Evaluated cidr(const json::Value& argument);
  ApiResult<bool> truth(const json::Value& value);  // of a condition function
  ApiResult<std::string> text(const json::Value& value, std::string_view function);
  ApiResult<void> grow(size_t bytes);

  const Template& template_;
  const Environment& environment_;
  std::map<std::string, bool, std::less<>> conditions_;
  std::set<std::string, std::less<>> evaluating_;
  size_t bytes_ = 0;
};

// A scalar as CloudFormation turns it into text.
std::optional<std::string> to_text(const json::Value& value);

}  // namespace dew::cloudformation
