#include "services/codedeploy/routing.h"

#include <algorithm>

namespace dew::codedeploy {

namespace {

// docs.aws.amazon.com/codedeploy/latest/userguide/limits.html: "Maximum number of minutes between
// the first and last traffic shift during a Lambda canary or linear deployment: 2880".
constexpr int64_t kLongestMinutes = 2880;

std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail("InvalidTrafficRoutingConfigurationException", std::move(message));
}

aws::ApiResult<Routing> parse_time_based(const json::Object& config, Routing::Kind kind,
                                         std::string_view member, std::string_view percentage,
                                         std::string_view interval) {
  const auto* given = json::object_at(config, member);
  if (given == nullptr) {
    return invalid(fmt::format("{} is required for traffic routing of this type", member));
  }
  const auto percent = json::int_at(*given, percentage).value_or(0);
  const auto minutes = json::int_at(*given, interval).value_or(0);
  if (percent < 1 || percent > 99) {
    return invalid(fmt::format("{} must be between 1 and 99", percentage));
  }
  const int64_t shifts = kind == Routing::Kind::kCanary ? 1 : ((100 + percent - 1) / percent) - 1;
  if (minutes < 1 || minutes > kLongestMinutes || minutes * shifts > kLongestMinutes) {
    return invalid(fmt::format(
        "{} must be at least 1, and the time between the first and the last shift at most {} "
        "minutes",
        interval, kLongestMinutes));
  }
  return Routing{kind, static_cast<int>(percent), static_cast<int>(minutes)};
}

}  // namespace

int Routing::weight(int step) const {
  if (kind == Kind::kAllAtOnce) return 100;
  if (kind == Kind::kCanary) return step == 0 ? percentage : 100;
  return std::min(100, percentage * (step + 1));
}

aws::ApiResult<Routing> parse_routing(const json::Object& config) {
  const auto type = json::string_or(config, "type", "AllAtOnce");
  if (type == "TimeBasedCanary") {
    return parse_time_based(config, Routing::Kind::kCanary, "timeBasedCanary", "canaryPercentage",
                            "canaryInterval");
  }
  if (type == "TimeBasedLinear") {
    return parse_time_based(config, Routing::Kind::kLinear, "timeBasedLinear", "linearPercentage",
                            "linearInterval");
  }
  return Routing{};
}

json::Object to_json(const Routing& routing) {
  switch (routing.kind) {
    case Routing::Kind::kCanary:
      return {{"type", "TimeBasedCanary"},
              {"timeBasedCanary", json::Object{{"canaryPercentage", routing.percentage},
                                               {"canaryInterval", routing.interval_minutes}}}};
    case Routing::Kind::kLinear:
      return {{"type", "TimeBasedLinear"},
              {"timeBasedLinear", json::Object{{"linearPercentage", routing.percentage},
                                               {"linearInterval", routing.interval_minutes}}}};
    case Routing::Kind::kAllAtOnce:
      break;
  }
  return {{"type", "AllAtOnce"}};
}

const std::vector<PredefinedConfig>& predefined_configs() {
  using enum Routing::Kind;
  static const std::vector<PredefinedConfig> kConfigs = {
      {kAllAtOnceConfig, {}},
      {"CodeDeployDefault.LambdaCanary10Percent10Minutes", {kCanary, 10, 10}},
      {"CodeDeployDefault.LambdaCanary10Percent15Minutes", {kCanary, 10, 15}},
      {"CodeDeployDefault.LambdaCanary10Percent30Minutes", {kCanary, 10, 30}},
      {"CodeDeployDefault.LambdaCanary10Percent5Minutes", {kCanary, 10, 5}},
      {"CodeDeployDefault.LambdaLinear10PercentEvery10Minutes", {kLinear, 10, 10}},
      {"CodeDeployDefault.LambdaLinear10PercentEvery1Minute", {kLinear, 10, 1}},
      {"CodeDeployDefault.LambdaLinear10PercentEvery2Minutes", {kLinear, 10, 2}},
      {"CodeDeployDefault.LambdaLinear10PercentEvery3Minutes", {kLinear, 10, 3}},
  };
  return kConfigs;
}

}  // namespace dew::codedeploy
