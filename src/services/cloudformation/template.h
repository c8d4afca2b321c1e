// Template: a CloudFormation template as text (JSON or YAML) becomes a document with the intrinsic
// functions in their long form, and then the sections of a template.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
//
// Hostile input: text, depth and number of nodes are limited, and YAML aliases are refused, as
// CloudFormation does, so that no template grows while it is read. Errors are ValidationError with
// CloudFormation's words where they are known. Pure functions, thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"

namespace dew::cloudformation {

using aws::ApiResult;

// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
inline constexpr size_t kTemplateBodyBytes = 51'200;
inline constexpr size_t kTemplateUrlBytes = 1024 * 1024;
inline constexpr size_t kTemplateNodes = 200'000;
inline constexpr int kTemplateDepth = 100;
inline constexpr size_t kResources = 500;
inline constexpr size_t kParameters = 200;
inline constexpr size_t kOutputs = 200;
inline constexpr size_t kMappings = 200;

std::unexpected<aws::ApiError> invalid(std::string message);  // ValidationError

// Whether YAML may say !Sub for Fn::Sub.
enum class ShortForms { kAllowed, kRefused };

// JSON if the text begins with '{', else YAML. Tags such as !Sub become {"Fn::Sub": …}.
ApiResult<json::Value> parse_template_text(std::string_view text,
                                           ShortForms short_forms = ShortForms::kAllowed);
ApiResult<json::Value> parse_yaml(std::string_view text,
                                  ShortForms short_forms = ShortForms::kAllowed);

struct ParameterDeclaration {
  std::string type = "String";
  std::optional<std::string> default_value;
  std::string description;
  bool no_echo = false;
  std::vector<std::string> allowed_values;
  std::string allowed_pattern;
  std::string constraint_description;
  std::optional<double> min_value, max_value;
  std::optional<int64_t> min_length, max_length;
};

struct ResourceDeclaration {
  std::string type;
  json::Object properties;
  std::string condition;  // empty: always
  std::vector<std::string> depends_on;
  std::string deletion_policy;        // empty, Delete, Retain, RetainExceptOnCreate
  std::string update_replace_policy;  // empty, Delete, Retain
  json::Value metadata;               // null when absent
  std::optional<json::Value> creation_policy;
};

struct OutputDeclaration {
  json::Value value;
  std::string description;
  std::optional<json::Value> export_name;
  std::string condition;
};

template <class T>
using Named = std::vector<std::pair<std::string, T>>;  // in the template's order

struct Template {
  std::string description;
  json::Value metadata;
  Named<ParameterDeclaration> parameters;
  Named<ResourceDeclaration> resources;
  Named<OutputDeclaration> outputs;
  json::Object mappings;
  json::Object conditions;
  json::Object rules;
  std::vector<std::string> transforms;  // what it declares, AWS::LanguageExtensions say

  const ResourceDeclaration* resource(std::string_view name) const;
  const ParameterDeclaration* parameter(std::string_view name) const;
};

// The sections, with every name in them checked: references, conditions, mappings, dependencies.
// A template with macros is given with them applied (transforms.h).
ApiResult<Template> parse_template(std::string_view text);
// What can be said of a template that declares macros before they are applied: its parameters, its
// mappings, its resources' types where they are written out. Others are parsed as by
// parse_template.
ApiResult<Template> parse_unprocessed(std::string_view text);

}  // namespace dew::cloudformation
