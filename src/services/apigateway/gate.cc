#include "services/apigateway/gate.h"

#include <fmt/format.h>

#include <atomic>

#include "services/apigateway/ask_authorizer.h"

namespace dew::apigateway {

namespace {

using Authorization = RouteChecks::Authorization;

constexpr int kForbidden = 403;
constexpr int kTooMany = 429;
constexpr std::chrono::milliseconds kAuthorizerTimeout(29'000);  // as of integrations

const aws::Identity& nobody() {
  static const auto kNobody = [] {
    aws::Identity out;
    out.account = "anonymous";
    out.arn = "anonymous";
    out.user_id = "anonymous";
    out.anonymous = true;
    return out;
  }();
  return kNobody;
}

Refusal unauthorized() {
  return {.type = "UNAUTHORIZED",
          .status = 401,
          .code = "UnauthorizedException",
          .message = "Unauthorized"};
}

// An authorizer that gives no answer to be used: AWS says no more than null.
Refusal failed(std::string_view type, std::string reason) {
  return {.type = type,
          .status = 500,
          .code = type == "AUTHORIZER_FAILURE" ? "AuthorizerFailureException"
                                               : "AuthorizerConfigurationException",
          .message = "",
          .body = Refusal::Body::kNull,
          .reason = std::move(reason)};
}

// An error of the signature, as the gateway says it.
Refusal of_signature(aws::ApiError error) {
  std::string_view type = "DEFAULT_4XX";
  if (error.code == "MissingAuthenticationTokenException") {
    type = "MISSING_AUTHENTICATION_TOKEN";
    error.message = "Missing Authentication Token";
  } else if (error.code == "ExpiredTokenException" ||
             error.message.starts_with("Signature expired")) {
    type = "EXPIRED_TOKEN";
  } else if (error.code == "InvalidSignatureException") {
    type = "INVALID_SIGNATURE";
  }
  return {.type = type,
          .status = 403,
          .code = std::move(error.code),
          .message = std::move(error.message)};
}

// AWS shows no more of the account's number than its last four digits.
std::string masked(const StageTable& table, std::string_view arn) {
  const auto at = arn.find(table.account);
  if (table.account.size() <= 4 || at == std::string_view::npos) return std::string(arn);
  const size_t hidden = table.account.size() - 4;
  return fmt::format("{}{}{}", arn.substr(0, at), std::string(hidden, '*'),
                     arn.substr(at + hidden));
}

Refusal denied(const policy::Decision& decision, const Exchange& exchange, std::string_view who,
               std::string_view arn) {
  return {
      .type = "ACCESS_DENIED",
      .status = 403,
      .code = "AccessDeniedException",
      .message = policy::denial_message(decision, who, kInvokeAction, masked(*exchange.table, arn)),
      .body = Refusal::Body::kCapitalMessage};
}

}  // namespace

std::string invoked_arn(const Exchange& exchange) {
  const auto& table = *exchange.table;
  return fmt::format("arn:aws:execute-api:{}:{}:{}/{}/{}{}", table.region, table.account,
                     table.api_id, table.stage, exchange.request.method, exchange.path);
}

std::optional<Refusal> Gate::authorize(Exchange& exchange) {
  const auto& checks = *exchange.route->checks;
  auto& admission = *exchange.admission;
  if (checks.authorization == Authorization::kIam) {
    auto caller = authority_.identify(exchange.request);
    if (!caller) return of_signature(std::move(caller.error()));
    admission.caller = *std::move(caller);
  } else if (!checks.api_policy) {
    return std::nullopt;
  }
  const auto& who = admission.caller ? *admission.caller : nobody();
  const auto arn = invoked_arn(exchange);
  const auto decision = authority_.decide({who, arn, exchange.request, checks.api_policy.get()});
  if (!decision.allowed()) return denied(decision, exchange, who.arn, arn);
  return std::nullopt;
}

std::optional<Refusal> Gate::judge(Exchange& exchange, const Verdict& verdict, int64_t latency_ms) {
  auto& admission = *exchange.admission;
  admission.authorizer = verdict.authorizer;
  (*admission.authorizer)["integrationLatency"] = latency_ms;
  admission.usage_identifier_key = verdict.usage_identifier_key;
  const auto arn = invoked_arn(exchange);
  const auto decision =
      authority_.decide({nobody(), arn, exchange.request, exchange.route->checks->api_policy.get()},
                        verdict.policy.get());
  if (decision.allowed()) return admit(exchange);
  const bool explicitly = decision.outcome == policy::Decision::Outcome::kExplicitDeny;
  return Refusal{.type = "ACCESS_DENIED",
                 .status = kForbidden,
                 .code = "AccessDeniedException",
                 .message = fmt::format("User is not authorized to access this resource{}",
                                        explicitly ? " with an explicit deny" : ""),
                 .body = Refusal::Body::kCapitalMessage};
}

std::optional<Refusal> Gate::conclude(Exchange& exchange, std::string identity,
                                      const FunctionResponse& answer, int64_t latency_ms) {
  using Kind = FunctionResponse::Kind;
  const auto& authorizer = *exchange.route->checks->authorizer;
  if (answer.kind == Kind::kThrottled)
    return failed("AUTHORIZER_FAILURE", "the authorizer was throttled: " + answer.message);
  if (is_unauthorized(answer)) return unauthorized();
  if (answer.kind != Kind::kPayload) {
    return failed("AUTHORIZER_CONFIGURATION_ERROR",
                  answer.kind == Kind::kFunctionError
                      ? "the authorizer ended with an error, which its log shows"
                      : "the authorizer could not be invoked: " + answer.message);
  }
  auto verdict = read_verdict(answer.payload);
  if (!verdict) {
    return failed("AUTHORIZER_CONFIGURATION_ERROR",
                  "Execution failed due to configuration error: " + verdict.error().message);
  }
  const auto shared = std::make_shared<const Verdict>(*std::move(verdict));
  if (authorizer.ttl_ms > 0) {
    const auto now = clock_.now_ms();
    authorizer.cache->keep(std::move(identity), shared, now + authorizer.ttl_ms, now);
  }
  return judge(exchange, *shared, latency_ms);
}

void Gate::ask(const ExchangePtr& exchange, Done done) {
  const auto& checks = *exchange->route->checks;
  const auto& authorizer = *checks.authorizer;
  if (checks.api_policy) {
    const auto arn = invoked_arn(*exchange);
    const auto decision =
        authority_.decide({nobody(), arn, exchange->request, checks.api_policy.get()}, nullptr);
    if (!decision.allowed()) return done(denied(decision, *exchange, nobody().arn, arn));
  }
  auto identity = identity_of(*exchange, authorizer);
  if (!identity) return done(unauthorized());
  const auto begun = clock_.now_ms();
  if (authorizer.ttl_ms > 0) {
    if (const auto known = authorizer.cache->find(*identity, begun))
      return done(judge(*exchange, *known, 0));
  }
  struct Pending {
    std::atomic<bool> answered = false;
    Done done;
  };
  const auto pending = std::make_shared<Pending>();
  pending->done = std::move(done);
  exchange->timer = start_timer_(kAuthorizerTimeout, [exchange, pending] {
    if (pending->answered.exchange(true)) return;
    pending->done(failed("AUTHORIZER_FAILURE", "the authorizer did not answer in time"));
  });
  invoker_.invoke(
      authorizer_request(*exchange, authorizer),
      [this, exchange, pending, begun,
       who = *std::move(identity)](const FunctionResponse& answer) mutable {
        if (pending->answered.exchange(true)) return;
        exchange->timer.cancel();
        pending->done(conclude(*exchange, std::move(who), answer, clock_.now_ms() - begun));
      });
}

std::optional<Refusal> Gate::admit(Exchange& exchange) {
  const auto& checks = *exchange.route->checks;
  auto& admission = *exchange.admission;
  if (checks.needs_key) {
    admission.api_key = checks.key_source == RouteChecks::KeySource::kHeader
                            ? std::string(exchange.request.headers.get("x-api-key"))
                            : admission.usage_identifier_key;
    const auto& table = *exchange.table;
    const auto api_stage = fmt::format("{}:{}", table.api_id, table.stage);
    const auto method =
        fmt::format("{}/{}", exchange.route->resource_path, exchange.request.method);
    auto passed = meter_.pass({admission.api_key, api_stage, method});
    if (!passed) return std::move(passed.error());
    admission.api_key_id = std::move(passed->key_id);
  }
  if (checks.bucket) {
    const auto now =
        std::chrono::duration_cast<std::chrono::microseconds>(exchange.received.time_since_epoch());
    if (!checks.bucket->take(*checks.limits, now.count())) {
      return Refusal{.type = "THROTTLED",
                     .status = kTooMany,
                     .code = "TooManyRequestsException",
                     .message = "Too Many Requests"};
    }
  }
  return checks.rules ? check_request(exchange, *checks.rules) : std::nullopt;
}

void Gate::check(const ExchangePtr& exchange, Done done) {
  exchange->admission = std::make_unique<Admission>();
  if (exchange->route->checks->authorization == Authorization::kCustom)
    return ask(exchange, std::move(done));
  auto refusal = authorize(*exchange);
  done(refusal ? std::move(refusal) : admit(*exchange));
}

}  // namespace dew::apigateway
