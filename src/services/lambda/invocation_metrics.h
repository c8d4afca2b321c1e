// InvocationMetrics: all that Lambda needs of CloudWatch on its hot path. The cloud wires it.
// docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
#pragma once

#include <string_view>

namespace dew::lambda {

// What was asked for and what ran. The views live as long as the call.
struct InvokedFunction {
  std::string_view invoked_arn;  // qualified as asked
  std::string_view version;
};

class InvocationMetrics {
 public:
  enum class Result { kSuccess, kError, kThrottled };

  virtual ~InvocationMetrics() = default;
  // Both return at once, on any thread. Whatever began also ends; what never ran (the platform
  // could not) ends without a result.
  virtual void began(const InvokedFunction& function) = 0;
  virtual void ended(const InvokedFunction& function, Result result, double duration_ms) = 0;
  virtual void failed(const InvokedFunction& function) = 0;
  // After `ended`, for what has provisioned concurrency: how many of its `wanted` environments were
  // busy as it began; 0: none was free, and it ran on demand.
  virtual void provisioned(const InvokedFunction& function, int in_use, int wanted) = 0;
  // An asynchronous event was taken, or given up.
  virtual void event_received(std::string_view function_name) = 0;
  virtual void event_dropped(std::string_view function_name) = 0;
};

}  // namespace dew::lambda
