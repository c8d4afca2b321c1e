// Gate: the checks of a route that has some: who calls and whether they may, the API key and its
// usage plan, the stage's throttle, the request itself.
//
// Runs on the io thread that read the request; an authorizer's answer may bring it to another one.
// Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "services/apigateway/exchange.h"
#include "services/apigateway/function_invoker.h"
#include "services/apigateway/invoke_authority.h"
#include "services/apigateway/refusal.h"
#include "services/apigateway/usage_meter.h"

namespace dew::apigateway {

class Gate {
 public:
  using ExchangePtr = std::shared_ptr<Exchange>;
  using Done = std::move_only_function<void(std::optional<Refusal>)>;
  using StartTimer = std::function<net::Timer(std::chrono::milliseconds delay, net::Task task)>;

  Gate(InvokeAuthority& authority, FunctionInvoker& invoker, UsageMeter& meter, const Clock& clock,
       StartTimer start_timer)
      : authority_(authority),
        invoker_(invoker),
        meter_(meter),
        clock_(clock),
        start_timer_(std::move(start_timer)) {}

  // Fills exchange.admission, and calls back once: nullopt lets the request in.
  void check(const ExchangePtr& exchange, Done done);

 private:
  std::optional<Refusal> authorize(Exchange& exchange);
  // A Lambda authorizer, or what it said before.
  void ask(const ExchangePtr& exchange, Done done);
  std::optional<Refusal> conclude(Exchange& exchange, std::string identity,
                                  const FunctionResponse& answer, int64_t latency_ms);
  std::optional<Refusal> judge(Exchange& exchange, const Verdict& verdict, int64_t latency_ms);
  // Of a caller who may: the key, the throttle, the request.
  std::optional<Refusal> admit(Exchange& exchange);

  InvokeAuthority& authority_;
  FunctionInvoker& invoker_;
  UsageMeter& meter_;
  const Clock& clock_;
  StartTimer start_timer_;
};

// arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
std::string invoked_arn(const Exchange& exchange);

}  // namespace dew::apigateway
