// What the platform writes into a function's log around its invocations, in the function's format.
//
// Text: START, END, REPORT, INIT_REPORT and the lines about failures (report.h). JSON: the events
// of the Telemetry API, each of a level that the function's SystemLogLevel lets through or not.
// docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html,
// docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html ("System log level
// event mapping")
//
// Plain functions over one function's configuration; an empty answer is not to be written. Not
// thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "services/lambda/function.h"
#include "services/lambda/report.h"

namespace dew::lambda {

class PlatformLog {
 public:
  PlatformLog(const VersionConfig& config, const Clock& clock,
              Initialization initialization = Initialization::kOnDemand)
      : config_(config), clock_(clock), initialization_(initialization) {}

  struct Init {
    double duration_ms = 0;
    std::string_view phase;       // "init", "invoke"
    std::string_view status;      // empty: success; "error", "timeout"
    std::string_view error_type;  // with "error"
  };

  std::string init_start(std::string_view phase) const;
  // Once the runtime asks for its first event, or will not.
  std::string init_runtime_done(const Init& init) const;
  std::string init_report(const Init& init) const;
  std::string start(std::string_view request_id, std::string_view version) const;
  // The function failed in the platform's eyes: it ended, or answered what is no answer.
  std::string failure(std::string_view request_id, std::string_view message,
                      std::string_view type) const;
  std::string timeout(std::string_view request_id) const;
  std::string dropped(size_t bytes, size_t limit) const;
  // After the invocation; `produced_bytes` of its answer.
  std::string end(const Report& report, size_t produced_bytes) const;
  std::string report(const Report& report) const;

 private:
  std::string init_event(std::string_view type, const Init& init, bool metrics) const;
  std::string event(LogLevel level, std::string_view type, std::string_view record) const;

  const VersionConfig& config_;
  const Clock& clock_;
  Initialization initialization_;
};

}  // namespace dew::lambda
