// Where the data plane writes its access and execution logs, and the format of an access log line.
// docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/api_error.h"

namespace dew::apigateway {

// All that API Gateway needs of CloudWatch Logs. The cloud wires it to the logs service.
class AccessLog {
 public:
  virtual ~AccessLog() = default;
  // Appends one line to group/stream, creating both when absent; returns at once. Any thread.
  virtual void append(std::string_view group, std::string_view stream, int64_t timestamp_ms,
                      std::string message) = 0;
};

// The log group's name in arn:aws:logs:REGION:ACCOUNT:log-group:NAME, with or without :* after it.
aws::ApiResult<std::string> log_group_of_arn(std::string_view arn);

// A line's format, text with $context variables: compiled once, rendered per request. An unknown
// variable renders as "-", as on AWS.
class AccessLogFormat {
 public:
  static aws::ApiResult<AccessLogFormat> compile(std::string_view format);
  std::string render(const std::function<std::string(std::string_view name)>& context) const;

 private:
  // Text, then the name of a variable (empty: none).
  std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace dew::apigateway
