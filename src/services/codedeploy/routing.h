// Routing: how much of the traffic goes to the new version, and when. What a deployment
// configuration is.
// docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda
#pragma once

#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace dew::codedeploy {

struct Routing {
  enum class Kind { kAllAtOnce, kCanary, kLinear };
  Kind kind = Kind::kAllAtOnce;
  int percentage = 100;
  int interval_minutes = 0;

  // Percent of the traffic after the shift `step` (0 is the first). At 100 there is no later one.
  int weight(int step) const;
};

// The model's TrafficRoutingConfig, and back. InvalidTrafficRoutingConfigurationException.
aws::ApiResult<Routing> parse_routing(const json::Object& config);
json::Object to_json(const Routing& routing);

struct PredefinedConfig {
  std::string_view name;
  Routing routing;
};
const std::vector<PredefinedConfig>& predefined_configs();
inline constexpr std::string_view kAllAtOnceConfig = "CodeDeployDefault.LambdaAllAtOnce";
inline constexpr std::string_view kPredefinedPrefix = "CodeDeployDefault.";

}  // namespace dew::codedeploy
