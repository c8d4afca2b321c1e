#include "services/apigateway/route_checks.h"

namespace dew::apigateway {

Result<DeploymentParts> build_parts(const json::Object& snapshot) {
  DeploymentParts out;
  if (const auto text = json::string_or(snapshot, "policy"); !text.empty()) {
    TRY(out.api_policy, policy::Policy::parse(text, policy::Kind::kResource));
  }
  return out;
}

Result<RouteChecksPtr> build_checks(const DeploymentParts& parts, const json::Object& method) {
  RouteChecks out;
  const auto authorization = json::string_or(method, "authorizationType", "NONE");
  if (authorization == "AWS_IAM") out.authorization = RouteChecks::Authorization::kIam;
  out.api_policy = parts.api_policy;
  if (out.authorization == RouteChecks::Authorization::kNone && !out.api_policy) return nullptr;
  return std::make_shared<const RouteChecks>(std::move(out));
}

}  // namespace dew::apigateway
