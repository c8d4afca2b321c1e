#include "services/cloudformation/resource_type.h"

#include <algorithm>

namespace dew::cloudformation {

ApiResult<json::Object> Session::call(std::string_view service, std::string_view operation,
                                      json::Object input) const {
  TRY(auto output, caller_.call(identity_, service, operation, std::move(input)));
  if (!output.is_object()) return json::Object{};
  return std::move(output.as_object());
}

ApiResult<void> Session::call_gone_ok(std::string_view service, std::string_view operation,
                                      json::Object input) const {
  auto output = caller_.call(identity_, service, operation, std::move(input));
  if (!output && !says_not_found(output.error())) return std::unexpected(std::move(output).error());
  return {};
}

ApiResult<bool> Session::exists(std::string_view service, std::string_view operation,
                                json::Object input) const {
  auto output = caller_.call(identity_, service, operation, std::move(input));
  if (output) return true;
  if (says_not_found(output.error())) return false;
  return std::unexpected(std::move(output).error());
}

bool says_not_found(const aws::ApiError& error) {
  const std::string_view code = error.code;
  return code.starts_with("NoSuch") || code.find("NotFound") != std::string_view::npos ||
         code.ends_with("DoesNotExistException");
}

std::unexpected<aws::ApiError> refused_update(std::string message) {
  auto out = invalid(std::move(message));
  out.error().members["_Refused"] = true;
  return out;
}
bool says_refused(const aws::ApiError& error) { return error.members.contains("_Refused"); }

bool says_already_exists(const aws::ApiError& error) {
  const std::string_view code = error.code;
  return code.find("AlreadyExists") != std::string_view::npos ||
         code.find("AlreadyOwned") != std::string_view::npos || code == "ResourceInUseException" ||
         code == "ResourceConflictException" || code == "ConflictException";
}

namespace {

const std::vector<ResourceType>& types() {
  static const std::vector<ResourceType> kTypes = [] {
    std::vector<ResourceType> out;
    add_s3_types(out);
    add_logs_types(out);
    add_iam_types(out);
    add_lambda_types(out);
    add_lambda_layer_types(out);
    add_apigateway_types(out);
    add_dynamodb_types(out);
    add_ssm_types(out);
    add_custom_types(out);
    add_wait_condition_types(out);
    add_nested_stack_types(out);
    add_codedeploy_types(out);
    add_cloudwatch_types(out);
    for (auto& type : out) type.shape = parse_schema(type.schema);
    return out;
  }();
  return kTypes;
}

}  // namespace

bool ResourceType::has_attribute(std::string_view attribute) const {
  return std::ranges::any_of(attributes, [&](std::string_view known) {
    return known == attribute || known == "*" ||
           (known.ends_with('.') && attribute.starts_with(known));
  });
}

bool ResourceType::replaced_by(std::string_view property, const json::Object& before,
                               const json::Object& now) const {
  if (!update) return true;
  const auto* known = shape->member(property);
  return (known != nullptr && known->replaces) || (replaces && replaces(before, now));
}

const ResourceType* find_type(std::string_view name) {
  // docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html
  constexpr std::string_view kCustom = "Custom::";
  constexpr size_t kCustomChars = 60;
  if (name.starts_with(kCustom)) {
    const bool named = name.size() > kCustom.size() && name.size() <= kCustomChars &&
                       std::ranges::all_of(name.substr(kCustom.size()), [](char c) {
                         return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                (c >= 'A' && c <= 'Z') || c == '_' || c == '@' || c == '-' ||
                                c == ':';
                       });
    if (!named) return nullptr;
    name = "AWS::CloudFormation::CustomResource";
  }
  for (const auto& type : types()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

std::vector<const ResourceType*> all_types() {
  std::vector<const ResourceType*> out;
  for (const auto& type : types()) out.push_back(&type);
  return out;
}

}  // namespace dew::cloudformation
