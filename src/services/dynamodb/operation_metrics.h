// OperationMetrics: all that DynamoDB needs of CloudWatch's metrics. The cloud wires it.
// docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
#pragma once

#include <string_view>

namespace dew::dynamodb {

class OperationMetrics {
 public:
  virtual ~OperationMetrics() = default;
  // All return at once, on any thread. The views live as long as the call.
  // With the capacity units that it consumed.
  virtual void succeeded(std::string_view table, std::string_view operation, double latency_ms,
                         double read_units, double write_units) = 0;
  virtual void condition_failed(std::string_view table) = 0;
  virtual void user_error() = 0;
  virtual void system_error(std::string_view table, std::string_view operation) = 0;
};

}  // namespace dew::dynamodb
