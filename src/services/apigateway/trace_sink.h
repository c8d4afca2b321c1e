// TraceSink: all that API Gateway needs of X-Ray, for stages with tracing enabled. The cloud wires
// it to the X-Ray service.
// docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-xray.html
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace dew::apigateway {

// The call of a function.
struct IntegrationTrace {
  std::string id;  // empty: there was none
  std::string function_arn;
  TimePoint start;
  TimePoint end;
  int status = 200;  // as Invoke would have answered
  bool function_error = false;
};

// One traced request.
struct RequestTrace {
  std::string trace_id;
  std::string parent_id;  // the client's segment; may be empty
  std::string id;
  TimePoint start;
  TimePoint end;
  std::string method;
  std::string url;
  std::string client_ip;
  bool forwarded = false;  // client_ip is what the client says of itself
  std::string user_agent;
  int status = 0;
  size_t response_bytes = 0;
  std::string api_name;
  std::string api_id;
  std::string stage;
  std::string account;
  std::string region;
  std::string request_id;
  IntegrationTrace integration;
};

struct SamplingQuestion {
  std::string_view service_name;  // API/STAGE
  std::string_view host;
  std::string_view http_method;
  std::string_view url_path;
  std::string_view resource_arn;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // Whether a request that nobody has decided about is traced. Must not block.
  virtual bool sample(const SamplingQuestion& question) = 0;
  virtual void record(const RequestTrace& trace) = 0;
};

}  // namespace dew::apigateway
