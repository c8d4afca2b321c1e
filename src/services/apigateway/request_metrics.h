// RequestMetrics: all that API Gateway needs of CloudWatch's metrics. The cloud wires it.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
#pragma once

#include <optional>
#include <string_view>

namespace dew::apigateway {

// One answered request. The views live as long as the call.
struct AnsweredRequest {
  std::string_view api_id;
  std::string_view api_name;
  std::string_view stage;
  std::string_view method;    // empty unless the method has detailed metrics
  std::string_view resource;  // its path in the API
  int status = 0;
  double latency_ms = 0;
  std::optional<double> integration_ms;  // when a function was asked
};

class RequestMetrics {
 public:
  virtual ~RequestMetrics() = default;
  // Returns at once, on any thread.
  virtual void answered(const AnsweredRequest& request) = 0;
};

}  // namespace dew::apigateway
