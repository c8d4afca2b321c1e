// PutParameter: docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
#include <fmt/format.h>
#include <re2/re2.h>

#include "services/ssm/service.h"

namespace dew::ssm {

namespace {

constexpr size_t kStandardBytes = 4096;
constexpr size_t kAdvancedBytes = 8192;
constexpr size_t kMaxTags = 50;

using aws::ApiError;

// "The service removes any spaces specified for the beginning or end of a parameter name."
std::string trimmed(const std::string& name) {
  const auto first = name.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return name.substr(first, name.find_last_not_of(' ') + 1 - first);
}

aws::ApiResult<void> check_options(const json::Object& input, std::string_view type) {
  if (type != "String" && type != "StringList" && type != "SecureString") {
    return aws::fail("UnsupportedParameterType", "The parameter type isn't supported.");
  }
  if (const auto data_type = json::string_or(input, "DataType", "text"); data_type != "text") {
    if (data_type != "aws:ec2:image" && data_type != "aws:ssm:integration") {
      return aws::fail(ApiError::validation(fmt::format(
          "The following data type is not supported: {} (Data type names are all lowercase.)",
          data_type)));
    }
    return aws::fail(ApiError::validation(
        fmt::format("Dewpoint does not support the data type {} yet", data_type)));
  }
  if (const auto policies = json::string_or(input, "Policies");
      !policies.empty() && policies != "[]") {
    return aws::fail(ApiError::validation("Dewpoint does not support parameter policies yet"));
  }
  const auto key_id = json::string_or(input, "KeyId", "alias/aws/ssm");
  if (type == "SecureString" && key_id != "alias/aws/ssm") {
    return aws::fail(
        "InvalidKeyId",
        fmt::format(
            "Dewpoint has no KMS: SecureStrings are sealed under alias/aws/ssm only, not {}",
            key_id));
  }
  if (type != "SecureString" && input.contains("KeyId")) {
    return aws::fail(
        ApiError::validation("KeyId is required for SecureString type parameter only."));
  }
  return {};
}

aws::ApiResult<void> check_value(std::string_view value, const std::string& pattern) {
  if (value.empty()) {
    return aws::fail(ApiError::validation(
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"));
  }
  if (const size_t open = value.find("{{");
      open != std::string_view::npos && value.find("}}", open) != std::string_view::npos) {
    return aws::fail(ApiError::validation(
        "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value."));
  }
  if (pattern.empty()) return {};
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(pattern, options);
  if (!compiled.ok()) {
    return aws::fail(
        "InvalidAllowedPatternException",
        fmt::format("The request does not meet the regular expression requirement: {}", pattern));
  }
  if (!RE2::FullMatch(re2::StringPiece(value.data(), value.size()), compiled)) {
    return aws::fail(
        "ParameterPatternMismatchException",
        fmt::format("Parameter value, cannot be validated against allowedPattern: {}", pattern));
  }
  return {};
}

aws::ApiResult<std::string> choose_tier(const json::Object& input, const json::Object* existing,
                                        size_t bytes) {
  auto tier = json::string_or(input, "Tier", "Standard");
  const bool was_advanced = existing && json::string_or(*existing, "Tier") == "Advanced";
  if (tier == "Intelligent-Tiering")
    tier = bytes > kStandardBytes || was_advanced ? "Advanced" : "Standard";
  if (!input.contains("Tier") && was_advanced) tier = "Advanced";
  if (tier != "Standard" && tier != "Advanced")
    return aws::fail(ApiError::validation("Invalid parameter tier: " + tier));
  if (tier == "Standard" && was_advanced) {
    return aws::fail(
        ApiError::validation("This parameter uses the advanced-parameter tier. You can't downgrade "
                             "a parameter from the advanced-parameter tier "
                             "to the standard-parameter tier. If necessary, you can delete the "
                             "advanced parameter and recreate it as a standard "
                             "parameter."));
  }
  if (tier == "Standard" && bytes > kStandardBytes) {
    return aws::fail(ApiError::validation(
        "Standard tier parameters support a maximum parameter value of 4096 characters. To create "
        "a larger parameter value, "
        "upgrade the parameter to use the advanced-parameter tier. For more information, see "
        "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
        "parameter-store-advanced-parameters.html"));
  }
  if (bytes > kAdvancedBytes) {
    return aws::fail(ApiError::validation(
        "Advanced tier parameters support a maximum parameter value of 8192 characters."));
  }
  return tier;
}

aws::ApiResult<void> set_tags(json::Object& record, const json::Object& input, bool overwrite) {
  const auto* tags = json::array_at(input, "Tags");
  if (!tags || tags->empty()) return {};
  if (overwrite) {
    return aws::fail(ApiError::validation(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with "
        "tags, please remove "
        "overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
        "RemoveTagsFromResource."));
  }
  json::Object map;
  for (const auto& tag : *tags)
    map[json::string_or(tag.as_object(), "Key")] = json::string_or(tag.as_object(), "Value");
  if (map.size() > kMaxTags)
    return aws::fail("TooManyTagsError", "A parameter can have at most 50 tags.");
  record["Tags"] = std::move(map);
  return {};
}

}  // namespace

aws::ApiResult<json::Value> Service::put_parameter(aws::Call& call) {
  const auto& input = call.input;
  auto name = trimmed(json::string_or(input, "Name"));
  const auto value = json::string_or(input, "Value");
  const bool overwrite = json::bool_at(input, "Overwrite").value_or(false);
  CHECK_OK(check_name(name, arn(name)));

  const std::scoped_lock lock(write_);
  TRY(const auto existing, parameters_.newest(name));
  if (existing) name = json::string_or(*existing, "Name");
  if (existing && !overwrite) {
    return aws::fail("ParameterAlreadyExists",
                     "The parameter already exists. To overwrite this value, set the overwrite "
                     "option in the request to true.");
  }
  const auto type =
      json::string_or(input, "Type", existing ? json::string_or(*existing, "Type") : "");
  if (type.empty())
    return aws::fail(
        ApiError::validation("A parameter type is required when you create a parameter."));
  CHECK_OK(check_options(input, type));
  const auto pattern = json::string_or(
      input, "AllowedPattern", existing ? json::string_or(*existing, "AllowedPattern") : "");
  CHECK_OK(check_value(value, pattern));
  TRY(const auto tier, choose_tier(input, existing ? &*existing : nullptr, value.size()));

  json::Object record;
  if (existing && existing->contains("Tags")) record["Tags"] = existing->at("Tags");
  CHECK_OK(set_tags(record, input, overwrite));
  const int64_t version = existing ? json::int_at(*existing, "Version").value_or(0) + 1 : 1;
  record["Name"] = name;
  record["Type"] = type;
  record["Version"] = version;
  record["LastModifiedDate"] = context_.clock.now_seconds();
  record["LastModifiedUser"] = call.identity.arn;
  record["Tier"] = tier;
  record["DataType"] = "text";
  if (!pattern.empty()) record["AllowedPattern"] = pattern;
  if (const auto about = json::string_or(input, "Description",
                                         existing ? json::string_or(*existing, "Description") : "");
      !about.empty()) {
    record["Description"] = about;
  }
  if (type == "SecureString") {
    record["KeyId"] = "alias/aws/ssm";
    TRY(record["Value"], sealer_.seal(name, value));
  } else {
    record["Value"] = value;
  }
  CHECK_OK(parameters_.put(record));
  return json::Object{{"Version", version}, {"Tier", tier}};
}

}  // namespace dew::ssm
