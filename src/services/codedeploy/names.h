// What names and settings may look like, with AWS's errors. Pure and thread-safe.
// docs.aws.amazon.com/codedeploy/latest/userguide/limits.html
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::codedeploy {

inline constexpr size_t kMaxName = 100;
inline constexpr size_t kMaxAlarms = 10;
inline constexpr size_t kMaxAlarmName = 255;
inline constexpr size_t kMaxTags = 50;
inline constexpr size_t kPage = 100;

// InvalidApplicationNameException, …: letters, digits and . _ + = , @ -
aws::ApiResult<void> check_application_name(std::string_view name);
aws::ApiResult<void> check_group_name(std::string_view name);
aws::ApiResult<void> check_config_name(std::string_view name);

// InvalidAlarmConfigException, AlarmsLimitExceededException.
aws::ApiResult<void> check_alarm_configuration(const json::Object& configuration);
// InvalidAutoRollbackConfigException.
aws::ApiResult<void> check_auto_rollback(const json::Object& configuration);
// Members that belong to the EC2 and ECS compute platforms, or to SNS, are refused by name.
aws::ApiResult<void> refuse_other_platforms(const json::Object& input);
aws::ApiResult<void> check_style(const json::Object& input);  // InvalidDeploymentStyleException

// The model's TagList as a map, and back. InvalidTagsToAddException.
aws::ApiResult<void> add_tags(json::Object& tags, const json::Object& input,
                              std::string_view member);
json::Array tag_list(const json::Object& record);

// A page of a listing begins after the name in its token. InvalidNextTokenException.
aws::ApiResult<std::string> after_token(const json::Object& input);
std::string token_of(std::string_view last);

}  // namespace dew::codedeploy
