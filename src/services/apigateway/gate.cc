#include "services/apigateway/gate.h"

#include <fmt/format.h>

namespace dew::apigateway {

namespace {

using Authorization = RouteChecks::Authorization;

aws::Identity nobody() {
  aws::Identity out;
  out.account = "anonymous";
  out.arn = "anonymous";
  out.user_id = "anonymous";
  out.anonymous = true;
  return out;
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
  static const aws::Identity kNobody = nobody();
  if (checks.authorization == Authorization::kIam) {
    auto caller = authority_.identify(exchange.request);
    if (!caller) return of_signature(std::move(caller.error()));
    admission.caller = *std::move(caller);
  } else if (!checks.api_policy) {
    return std::nullopt;
  }
  const auto& who = admission.caller ? *admission.caller : kNobody;
  const auto arn = invoked_arn(exchange);
  const auto decision = authority_.decide({who, arn, exchange.request, checks.api_policy.get()});
  if (!decision.allowed()) return denied(decision, exchange, who.arn, arn);
  return std::nullopt;
}

void Gate::check(const ExchangePtr& exchange, Done done) {
  exchange->admission = std::make_unique<Admission>();
  done(authorize(*exchange));
}

}  // namespace dew::apigateway
