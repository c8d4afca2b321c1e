// Functions that subscribe to log groups. src/cloud joins it with Lambda. Thread-safe.
// docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html
#pragma once

#include <string>

#include "base/result.h"

namespace dew::logs {

class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // Whether the function is there and its resource policy lets CloudWatch Logs invoke it on behalf
  // of the log group. The error says why not.
  virtual Result<void> may_deliver(const std::string& function_arn,
                                   const std::string& group_arn) = 0;
  // Takes an asynchronous event for the function. kUnavailable: later, perhaps.
  virtual Result<void> deliver(const std::string& function_arn, const std::string& group_arn,
                               std::string event) = 0;
};

}  // namespace dew::logs
