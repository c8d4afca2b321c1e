// RouteChecks: what a method asks of a request before its integration runs, decided when the API
// was deployed. A route without any has none of this, and its requests pay for one comparison.
// Immutable; shared by all threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"
#include "policy/policy.h"

namespace dew::apigateway {

struct RouteChecks {
  enum class Authorization { kNone, kIam, kCustom };
  Authorization authorization = Authorization::kNone;
  policy::PolicyPtr api_policy;  // null: the API has none
};
using RouteChecksPtr = std::shared_ptr<const RouteChecks>;

// What the methods of one deployment have in common, compiled once.
struct DeploymentParts {
  policy::PolicyPtr api_policy;
};

Result<DeploymentParts> build_parts(const json::Object& snapshot);

// Null: the method asks for nothing.
Result<RouteChecksPtr> build_checks(const DeploymentParts& parts, const json::Object& method);

}  // namespace dew::apigateway
