#include "services/apigateway/route_checks.h"

#include <fmt/format.h>

namespace dew::apigateway {

namespace {

void index(std::map<std::string, const json::Object*, std::less<>>& out,
           const json::Object& snapshot, std::string_view member, std::string_view key) {
  const auto* list = json::array_at(snapshot, member);
  if (!list) return;
  for (const auto& element : *list) {
    if (element.is_object())
      out[json::string_or(element.get_object(), key)] = &element.get_object();
  }
}

}  // namespace

Result<DeploymentParts> build_parts(const json::Object& snapshot, const json::Object& variables) {
  DeploymentParts out;
  if (const auto text = json::string_or(snapshot, "policy"); !text.empty()) {
    TRY(out.api_policy, policy::Policy::parse(text, policy::Kind::kResource));
  }
  if (json::string_or(snapshot, "apiKeySource") == "AUTHORIZER")
    out.key_source = RouteChecks::KeySource::kAuthorizer;
  if (const auto* authorizers = json::array_at(snapshot, "authorizers")) {
    for (const auto& element : *authorizers) {
      TRY(auto authorizer, build_authorizer(element.as_object(), variables));
      auto id = authorizer->id;
      out.authorizers[std::move(id)] = std::move(authorizer);
    }
  }
  index(out.models, snapshot, "models", "name");
  index(out.validators, snapshot, "requestValidators", "id");
  return out;
}

Result<RouteChecksPtr> build_checks(const DeploymentParts& parts, const json::Object& method,
                                    const std::optional<Limits>& limits) {
  using Authorization = RouteChecks::Authorization;
  RouteChecks out;
  const auto authorization = json::string_or(method, "authorizationType", "NONE");
  if (authorization == "AWS_IAM") out.authorization = Authorization::kIam;
  if (authorization == "CUSTOM") {
    out.authorization = Authorization::kCustom;
    const auto found = parts.authorizers.find(json::string_or(method, "authorizerId"));
    if (found == parts.authorizers.end()) {
      return fail(ErrorKind::kInvalid, fmt::format("The API has no authorizer {}.",
                                                   json::string_or(method, "authorizerId")));
    }
    out.authorizer = found->second;
  }
  out.api_policy = parts.api_policy;
  out.needs_key = json::bool_at(method, "apiKeyRequired").value_or(false);
  out.key_source = parts.key_source;
  if (const auto validator = parts.validators.find(json::string_or(method, "requestValidatorId"));
      validator != parts.validators.end()) {
    TRY(out.rules, build_rules(method, *validator->second, [&](std::string_view name) {
          const auto model = parts.models.find(name);
          return model == parts.models.end() ? nullptr : model->second;
        }));
  }
  if (limits) {
    out.limits = limits;
    out.bucket = std::make_shared<TokenBucket>();
  }
  if (out.authorization == Authorization::kNone && !out.api_policy && !out.needs_key &&
      !out.rules && !out.bucket) {
    return nullptr;
  }
  return std::make_shared<const RouteChecks>(std::move(out));
}

}  // namespace dew::apigateway
