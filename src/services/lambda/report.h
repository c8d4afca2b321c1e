// What the platform itself writes to a function's log and answers in its stead. The formats are
// AWS's: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html and
// docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html ("Failures during the Invoke
// phase").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sandbox/process.h"

namespace dew::lambda {

struct Report {
  std::string_view request_id;
  double duration_ms = 0;
  std::optional<double> init_ms;  // of the environment, on its first invocation
  int memory_mb = 0;
  int peak_mb = 0;
  std::string_view status;      // "timeout", "error"; empty when all went well
  std::string_view error_type;  // with "error"
};

std::string start_line(std::string_view request_id, std::string_view version);
std::string end_line(std::string_view request_id);
int64_t billed_ms(const Report& report);
// Billed: the invocation, and the initialization with the first one, each started millisecond.
std::string report_line(const Report& report);
std::string init_report_line(double init_ms, std::string_view phase, std::string_view status,
                             std::string_view error_type);
std::string timeout_line(TimePoint now, std::string_view request_id, int timeout_seconds);

// {"errorType":…,"errorMessage":"RequestId: … Error: …"}
std::string platform_error(std::string_view request_id, std::string_view type,
                           std::string_view message);

struct Failure {
  std::string type;      // Runtime.ExitError
  std::string message;   // Runtime exited with error: exit status 1
  std::string document;  // the error document that the runtime itself posted, if it did
};
Failure exit_failure(const sandbox::Exit& exit, std::string_view program);

// 2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef; in a group of several functions' also the
// function's name: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
std::string log_stream_name(TimePoint now, std::string_view function, std::string_view version);
// Root=1-…;Parent=…;Sampled=0
std::string new_trace_header(TimePoint now);

}  // namespace dew::lambda
