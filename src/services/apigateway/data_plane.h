// The data plane: requests to deployed APIs. Finds the stage and the route, builds the event, has
// the function invoked, turns its answer into the response; or has a backend asked (HTTP,
// HTTP_PROXY; data_plane_http.cc); or answers itself (MOCK, gateway responses).
//
// A request runs on the io thread that read it until the invoker takes over, and is finished on
// whichever thread the function's answer arrives. Nothing blocks. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/guarded.h"
#include "services/apigateway/access_log.h"
#include "services/apigateway/address.h"
#include "services/apigateway/exchange.h"
#include "services/apigateway/function_invoker.h"
#include "services/apigateway/gate.h"
#include "services/apigateway/http_backend.h"
#include "services/apigateway/request_metrics.h"
#include "services/apigateway/trace_sink.h"

namespace dew::apigateway {

class DataPlane {
 public:
  // Starts the timer of an integration's timeout. The real one is of the current io loop.
  using StartTimer = std::function<net::Timer(std::chrono::milliseconds delay, net::Task task)>;

  DataPlane(const Clock& clock, FunctionInvoker& invoker, HttpBackend& backend,
            InvokeAuthority& authority, UsageMeter& meter, AccessLog* log, StartTimer start_timer,
            TraceSink* traces = nullptr)
      : clock_(clock),
        invoker_(invoker),
        backend_(backend),
        log_(log),
        traces_(traces),
        start_timer_(std::move(start_timer)),
        gate_(authority, invoker, meter, clock, start_timer_) {}

  // Before the first request; outlives it.
  void set_metrics(RequestMetrics* metrics) { metrics_ = metrics; }

  void handle(http::Request request, http::Responder responder, DataPlaneAddress address);

  using Tables = std::map<std::string, std::shared_ptr<const StageTable>, std::less<>>;  // by stage
  void publish(const std::string& api_id, Tables tables);  // replaces all stages of the API
  std::shared_ptr<const StageTable> find(std::string_view api_id, std::string_view stage) const;
  // The API that has a stage of that name, the first in order of id; "" if none.
  std::string api_of_stage(std::string_view stage) const;

 private:
  using ExchangePtr = std::shared_ptr<Exchange>;

  void integrate(const ExchangePtr& exchange);  // let in: the route's target answers
  void invoke(const ExchangePtr& exchange, const ProxyTarget& target);
  void finish_proxy(const ExchangePtr& exchange, FunctionResponse answer);
  void ask_backend(const ExchangePtr& exchange, const HttpTarget& target);
  void finish_http(const ExchangePtr& exchange, const HttpTarget& target,
                   Result<http::Response> answer);
  // Answers with 504 unless the integration has by then.
  void await(const ExchangePtr& exchange, int timeout_ms, std::string_view whom);
  void misconfigured(const ExchangePtr& exchange, std::string_view why);
  void answer_mock(const ExchangePtr& exchange, const MockTarget& target);
  // An answer of the gateway's own: `type` of gateway_responses.h, `code` for x-amzn-ErrorType.
  void refuse(const ExchangePtr& exchange, std::string_view type, int status, std::string_view code,
              std::string_view message);
  void refuse(const ExchangePtr& exchange, const Refusal& refusal);
  void send(const ExchangePtr& exchange, http::Response response);
  void measure(const Exchange& exchange, int status) const;
  void explain(const ExchangePtr& exchange, std::string_view why);
  void log_execution(const Exchange& exchange, std::string message);

  const Clock& clock_;
  FunctionInvoker& invoker_;
  HttpBackend& backend_;
  AccessLog* log_;
  TraceSink* traces_;
  RequestMetrics* metrics_ = nullptr;
  StartTimer start_timer_;
  Gate gate_;
  Guarded<std::map<std::string, Tables, std::less<>>> apis_;
};

}  // namespace dew::apigateway
