// Authorizers of REST APIs: functions that decide who may invoke methods.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html,
// API_TestInvokeAuthorizer.html
#include <fmt/format.h>
#include <re2/re2.h>

#include <array>

#include "base/ids.h"
#include "services/apigateway/ask_authorizer.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/exchange.h"
#include "services/apigateway/integration_uri.h"
#include "services/apigateway/lambda_authorizer.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;
constexpr int64_t kMaxTtl_s = 3600;
constexpr int kHttpOk = 200;

aws::ApiResult<void> check_kind(const json::Object& authorizer) {
  const auto type = json::string_or(authorizer, "type");
  if (type == "COGNITO_USER_POOLS") {
    return aws::fail(unsupported("Cognito user pools as authorizers (type COGNITO_USER_POOLS)"));
  }
  if (type != "TOKEN" && type != "REQUEST") {
    return aws::fail(
        bad_request("Invalid authorizer type specified. Valid options are TOKEN, REQUEST, "
                    "COGNITO_USER_POOLS"));
  }
  if (const auto* pools = json::array_at(authorizer, "providerARNs"); pools && !pools->empty()) {
    return aws::fail(unsupported("Cognito user pools as authorizers (providerARNs)"));
  }
  if (!json::string_or(authorizer, "authorizerCredentials").empty()) {
    return aws::fail(unsupported("a role that invokes an authorizer (authorizerCredentials)"));
  }
  return {};
}

aws::ApiResult<void> check(const json::Object& authorizer) {
  if (json::string_or(authorizer, "name").empty())
    return aws::fail(bad_request("Authorizer name cannot be empty"));
  CHECK_OK(check_kind(authorizer));
  const auto uri = json::string_or(authorizer, "authorizerUri");
  if (!function_of_uri(uri)) {
    return aws::fail(bad_request(fmt::format(
        "Invalid Authorizer URI: {}. Authorizer URI should be a valid API Gateway ARN that "
        "represents a Lambda function invocation.",
        uri)));
  }
  const auto ttl = json::int_at(authorizer, "authorizerResultTtlInSeconds").value_or(kMaxTtl_s);
  if (ttl < 0 || ttl > kMaxTtl_s) {
    return aws::fail(
        bad_request("Invalid authorizer result TTL. Value must be between 0 and 3600 seconds"));
  }
  const bool token = json::string_or(authorizer, "type") == "TOKEN";
  TRY(const auto sources, identity_sources(json::string_or(authorizer, "identitySource")));
  if (token && (sources.size() != 1 || sources.front().from != IdentitySource::From::kHeader)) {
    return aws::fail(bad_request(
        "Invalid mapping expression specified: a TOKEN authorizer's identity source is one header, "
        "as in method.request.header.Authorization"));
  }
  if (!token && sources.empty() && ttl > 0) {
    return aws::fail(bad_request(
        "Identity source is required for authorizer caching. Set the result TTL to 0 or "
        "name identity sources"));
  }
  if (const auto pattern = json::string_or(authorizer, "identityValidationExpression");
      !pattern.empty()) {
    if (!token) {
      return aws::fail(
          bad_request("identityValidationExpression is only for authorizers of type TOKEN"));
    }
    if (const RE2 expression(pattern, RE2::Quiet); !expression.ok()) {
      return aws::fail(bad_request(
          fmt::format("Invalid identity validation expression specified: {}", expression.error())));
    }
  }
  return {};
}

aws::ApiResult<void> check_unique(Control& control, const std::string& api_id,
                                  const json::Object& authorizer) {
  TRY(const auto all, control.repository.list(api_id, kAuthorizer));
  for (const auto& other : all) {
    if (json::string_or(other, "name") != json::string_or(authorizer, "name") ||
        json::string_or(other, "id") == json::string_or(authorizer, "id")) {
      continue;
    }
    return aws::fail(bad_request(
        fmt::format("Authorizer name must be unique. Authorizer {} already exists in this RestApi.",
                    json::string_or(other, "name"))));
  }
  return {};
}

aws::ApiResult<void> save(Control& control, const std::string& api_id,
                          const json::Object& authorizer) {
  store::Batch batch;
  Repository::put(batch, api_id, kAuthorizer, json::string_or(authorizer, "id"), authorizer);
  return control.repository.commit(batch);
}

}  // namespace

Answer create_authorizer(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  json::Object authorizer{{"id", random_alnum(6)}};
  for (const auto member :
       {"name", "type", "providerARNs", "authorizerUri", "authorizerCredentials", "identitySource",
        "identityValidationExpression"}) {
    copy_member(authorizer, call.input, member);
  }
  const bool token = text(call, "type") == "TOKEN";
  authorizer["authType"] = json::string_or(call.input, "authType", "custom");
  if (token && text(call, "identitySource").empty())
    authorizer["identitySource"] = "method.request.header.Authorization";
  authorizer["authorizerResultTtlInSeconds"] =
      json::int_at(call.input, "authorizerResultTtlInSeconds").value_or(300);
  CHECK_OK(check(authorizer));
  CHECK_OK(check_unique(control, text(call, "restApiId"), authorizer));
  CHECK_OK(save(control, text(call, "restApiId"), authorizer));
  return authorizer;
}

Answer get_authorizer(Control& control, aws::Call& call) {
  TRY(auto authorizer,
      control.owned(call, kAuthorizer, text(call, "authorizerId"), no_such_authorizer()));
  return authorizer;
}

Answer get_authorizers(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(auto authorizers, control.repository.list(text(call, "restApiId"), kAuthorizer));
  return page(call, std::move(authorizers), "id", kDefaultPage);
}

Answer update_authorizer(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>({
      {"/name"},
      {"/type"},
      {"/authType"},
      {"/authorizerUri"},
      {"/authorizerCredentials"},
      {"/identitySource"},
      {"/identityValidationExpression"},
      {"/authorizerResultTtlInSeconds", Type::kInteger},
      {"/providerARNs", Type::kList},
  });
  const std::scoped_lock lock(control.write);
  TRY(auto authorizer,
      control.owned(call, kAuthorizer, text(call, "authorizerId"), no_such_authorizer()));
  CHECK_OK(apply_patches(authorizer, call.input, kRules));
  CHECK_OK(check(authorizer));
  CHECK_OK(check_unique(control, text(call, "restApiId"), authorizer));
  CHECK_OK(save(control, text(call, "restApiId"), authorizer));
  return authorizer;
}

Answer delete_authorizer(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto id = text(call, "authorizerId");
  TRY(const auto authorizer, control.owned(call, kAuthorizer, id, no_such_authorizer()));
  TRY(const auto user, method_with(control, text(call, "restApiId"), "authorizerId", id));
  if (!user.empty()) {
    return aws::fail(
        conflict(fmt::format("Cannot delete authorizer '{}', is referenced in method: {}",
                             json::string_or(authorizer, "name"), user)));
  }
  store::Batch batch;
  Repository::erase(batch, text(call, "restApiId"), kAuthorizer, id);
  CHECK_OK(control.repository.commit(batch));
  return json::Object();
}

// The answers that stages remember are theirs: new tables have none.
Answer flush_authorizers_cache(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.owned(call, kStage, text(call, "stageName"), no_such_stage()));
  control.publish(text(call, "restApiId"));
  return json::Object();
}

namespace {

// The request that a test describes, as the data plane would have it.
std::shared_ptr<Exchange> test_exchange(const Control& control, const aws::Call& call) {
  auto table = std::make_shared<StageTable>();
  const auto& config = control.context.config;
  table->account = config.account;
  table->region = config.region;
  table->api_id = text(call, "restApiId");
  table->stage = "ESTestInvoke-stage";
  if (const auto* variables = json::object_at(call.input, "stageVariables"))
    table->variables = *variables;
  table->stage_variables_json = "\"stageVariables\":" + json::dump(table->variables);
  table->context_tail = fmt::format(R"(,"apiId":"{}"}})", table->api_id);
  Route route;
  route.method = "GET";
  route.resource_path = "/";
  route.event_head = R"({"resource":"/","path":)";
  route.context_head = R"("requestContext":{"resourcePath":"/","httpMethod":)";
  table->routes.push_back(std::move(route));

  auto out = std::make_shared<Exchange>();
  out->request.method = "GET";
  out->request.target = json::string_or(call.input, "pathWithQueryString", "/");
  out->request.body = text(call, "body");
  out->request.remote_address = "127.0.0.1";
  if (const auto* many = json::object_at(call.input, "multiValueHeaders")) {
    for (const auto& header : *many) {
      if (!header.value().is_array()) continue;
      for (const auto& value : header.value().get_array())
        if (value.is_string())
          out->request.headers.add(std::string(header.key()), json::str(value));
    }
  }
  if (const auto* one = json::object_at(call.input, "headers")) {
    for (const auto& header : *one) {
      if (header.value().is_string())
        out->request.headers.set(std::string(header.key()), json::str(header.value()));
    }
  }
  out->path = std::string(out->request.path());
  out->route = &table->routes.front();
  out->table = std::move(table);
  stamp(*out, control.context.clock);
  return out;
}

json::Object test_result(const FunctionResponse& answer, std::string log, int64_t latency_ms) {
  json::Object out{{"latency", latency_ms}};
  const auto ended = [&](int status, const std::string& why) {
    out["clientStatus"] = status;
    out["log"] = log + why + "\n";
    return out;
  };
  if (answer.kind != FunctionResponse::Kind::kPayload) {
    const bool refused = is_unauthorized(answer);
    return ended(refused ? 401 : 500,
                 refused ? "Unauthorized request"
                         : "Execution failed due to configuration error: " +
                               (answer.message.empty() ? answer.payload : answer.message));
  }
  const auto verdict = read_verdict(answer.payload);
  if (!verdict) {
    return ended(500, "Execution failed due to configuration error: Invalid JSON in response: " +
                          verdict.error().message);
  }
  out["principalId"] = json::string_or(verdict->authorizer, "principalId");
  out["policy"] = verdict->policy->source();
  json::Object context;
  for (const auto& entry : verdict->authorizer) {
    if (entry.key() != "principalId") context[entry.key()] = json::Array{entry.value()};
  }
  out["authorization"] = std::move(context);
  return ended(kHttpOk, "Successfully completed authorizer execution");
}

}  // namespace

void test_invoke_authorizer(Control& control, FunctionInvoker& invoker, aws::Call& call,
                            aws::Completion done) {
  auto document =
      control.owned(call, kAuthorizer, text(call, "authorizerId"), no_such_authorizer());
  if (!document) return done(std::unexpected(std::move(document.error())));
  const auto exchange = test_exchange(control, call);
  const auto authorizer = build_authorizer(*document, exchange->table->variables);
  if (!authorizer) return done(aws::fail(bad_request(authorizer.error().message)));
  auto identity = identity_of(*exchange, **authorizer);
  if (!identity) {
    return done(json::Object{{"clientStatus", 401},
                             {"log", "Unauthorized request: an identity source is missing\n"},
                             {"latency", 0}});
  }
  auto log = fmt::format("Execution log for request {}\nSending request to {}\n",
                         exchange->request_id, (*authorizer)->function_arn);
  const auto& clock = control.context.clock;
  const auto begun = clock.now_ms();
  invoker.invoke(authorizer_request(*exchange, **authorizer),
                 [done = std::move(done), log = std::move(log), begun, &clock,
                  exchange](const FunctionResponse& answer) mutable {
                   done(test_result(answer, std::move(log), clock.now_ms() - begun));
                 });
}

}  // namespace dew::apigateway
