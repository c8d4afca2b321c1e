// API Gateway, REST APIs (version 1): the control plane's operations over documents in the store,
// and the data plane that serves deployed APIs from routing tables in memory. The tables are built
// from the store at start, and anew whenever a stage changes.
//
// Thread-safe. The context, the invoker and the log outlive the service.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/registry.h"
#include "net/http.h"
#include "services/apigateway/access_log.h"
#include "services/apigateway/address.h"
#include "services/apigateway/function_invoker.h"
#include "services/apigateway/http_backend.h"
#include "services/apigateway/invoke_authority.h"
#include "services/apigateway/request_metrics.h"
#include "services/apigateway/trace_sink.h"
#include "services/context.h"

namespace dew::apigateway {

class Service {
 public:
  // `log` may be null: stages then keep no access and execution logs. `backend` null: requests of
  // HTTP integrations go out over the network.
  Service(const services::Context& context, FunctionInvoker& invoker, InvokeAuthority& authority,
          AccessLog* log = nullptr, TraceSink* traces = nullptr, HttpBackend* backend = nullptr);
  ~Service();

  void register_operations(aws::Registry& registry);
  // Before the first request; outlives the service.
  void set_metrics(RequestMetrics* metrics);

  // A request to a deployed API. From an io thread; answers from any.
  void handle(http::Request request, http::Responder responder, DataPlaneAddress address);

  // Which API has a stage of that name (the first in order of id), for a port that serves
  // /{stage}/….
  std::optional<std::string> api_of_stage(std::string_view stage) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::apigateway
