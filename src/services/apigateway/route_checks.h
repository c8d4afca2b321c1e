// RouteChecks: what a method asks of a request before its integration runs, decided when the API
// was deployed. A route without any has none of this, and its requests pay for one comparison.
// Immutable but for the bucket and the authorizer's cache; shared by all threads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"
#include "policy/policy.h"
#include "services/apigateway/lambda_authorizer.h"
#include "services/apigateway/request_rules.h"
#include "services/apigateway/token_bucket.h"

namespace dew::apigateway {

struct RouteChecks {
  enum class Authorization { kNone, kIam, kCustom };
  enum class KeySource { kHeader, kAuthorizer };  // where an API key comes from

  Authorization authorization = Authorization::kNone;
  policy::PolicyPtr api_policy;    // null: the API has none
  LambdaAuthorizerPtr authorizer;  // of kCustom
  bool needs_key = false;
  KeySource key_source = KeySource::kHeader;
  RequestRulesPtr rules;                // null: no validator
  std::optional<Limits> limits;         // the stage's, for this method
  std::shared_ptr<TokenBucket> bucket;  // of limits
};
using RouteChecksPtr = std::shared_ptr<const RouteChecks>;

// What the methods of one deployment have in common, compiled once. Points into the snapshot.
struct DeploymentParts {
  policy::PolicyPtr api_policy;
  RouteChecks::KeySource key_source = RouteChecks::KeySource::kHeader;
  std::map<std::string, LambdaAuthorizerPtr, std::less<>> authorizers;  // by id
  std::map<std::string, const json::Object*, std::less<>> models;       // by name
  std::map<std::string, const json::Object*, std::less<>> validators;   // by id
};

// The error names what cannot be served as it is.
Result<DeploymentParts> build_parts(const json::Object& snapshot, const json::Object& variables);

// Null: the method asks for nothing. `limits`: the stage's own.
Result<RouteChecksPtr> build_checks(const DeploymentParts& parts, const json::Object& method,
                                    const std::optional<Limits>& limits);

}  // namespace dew::apigateway
