// AWS::S3::Bucket's CorsConfiguration and LifecycleConfiguration, as the S3 API wants them.
// Pure functions.
#pragma once

#include <string_view>

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

// The two properties, as a schema.
extern const std::string_view kBucketRules;

json::Object cors_input(const json::Object& cors);                   // CORSConfiguration
ApiResult<json::Object> lifecycle_input(const json::Object& rules);  // LifecycleConfiguration

}  // namespace dew::cloudformation
