// Gate: the checks of a route that has some, in AWS's order: who calls and whether they may.
//
// Runs on the io thread that read the request; an authorizer's answer may bring it to another one.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "services/apigateway/exchange.h"
#include "services/apigateway/invoke_authority.h"
#include "services/apigateway/refusal.h"

namespace dew::apigateway {

class Gate {
 public:
  using ExchangePtr = std::shared_ptr<Exchange>;
  using Done = std::move_only_function<void(std::optional<Refusal>)>;

  explicit Gate(InvokeAuthority& authority) : authority_(authority) {}

  // Fills exchange.admission, and calls back once: nullopt lets the request in.
  void check(const ExchangePtr& exchange, Done done);

 private:
  std::optional<Refusal> authorize(Exchange& exchange);

  InvokeAuthority& authority_;
};

// arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
std::string invoked_arn(const Exchange& exchange);

}  // namespace dew::apigateway
