#include "services/lambda/platform_log.h"

#include <cmath>
#include <utility>

namespace dew::lambda {
namespace {

// A JSON object, written as it goes: numbers as people write them (101.51), which a general writer
// of doubles does not.
class Members {
 public:
  Members& text(std::string_view key, std::string_view value) {
    return raw(key, json::dump(json::Value(value)));
  }
  Members& integer(std::string_view key, int64_t value) { return raw(key, std::to_string(value)); }
  // Milliseconds, to the hundredth.
  Members& hundredths(std::string_view key, double value) {
    return raw(key, fmt::format("{}", std::round(value * 100) / 100));
  }
  Members& object(std::string_view key, Members value) { return raw(key, value.close()); }
  Members& status(std::string_view status, std::string_view error_type) {
    text("status", status.empty() ? "success" : status);
    if (!error_type.empty()) text("errorType", error_type);
    return *this;
  }
  std::string close() { return std::exchange(out_, {}) + '}'; }

 private:
  Members& raw(std::string_view key, std::string_view value) {
    out_ += fmt::format("{}\"{}\":{}", out_.size() > 1 ? "," : "", key, value);
    return *this;
  }
  std::string out_ = "{";
};

LogLevel worse_if(std::string_view status, LogLevel well) {
  return status.empty() ? well : LogLevel::kWarn;
}

}  // namespace

std::string PlatformLog::event(LogLevel level, std::string_view type,
                               std::string_view record) const {
  if (level < config_.logging.system_level) return {};
  return fmt::format("{{\"time\":\"{}\",\"type\":\"platform.{}\",\"record\":{}}}\n",
                     iso8601_ms(clock_.now()), type, record);
}

// AWS's INFO is for runtimes that it names a version of; ours are the machine's own: DEBUG.
std::string PlatformLog::init_start(std::string_view phase) const {
  if (!config_.logging.json) return {};
  return event(LogLevel::kDebug, "initStart",
               Members()
                   .text("initializationType", initialization_name(initialization_))
                   .text("phase", phase)
                   .text("functionName", config_.function_name)
                   .text("functionVersion", config_.version)
                   .close());
}

std::string PlatformLog::init_event(std::string_view type, const Init& init, bool metrics) const {
  Members record;
  record.text("initializationType", initialization_name(initialization_)).text("phase", init.phase);
  record.status(init.status, init.error_type);
  if (metrics) record.object("metrics", Members().hundredths("durationMs", init.duration_ms));
  return event(worse_if(init.status, LogLevel::kDebug), type, record.close());
}

std::string PlatformLog::init_runtime_done(const Init& init) const {
  return config_.logging.json ? init_event("initRuntimeDone", init, false) : "";
}

std::string PlatformLog::init_report(const Init& init) const {
  if (config_.logging.json) return init_event("initReport", init, true);
  if (init.status.empty()) return {};
  return init_report_line(init.duration_ms, init.phase, init.status, init.error_type);
}

std::string PlatformLog::start(std::string_view request_id, std::string_view version) const {
  if (!config_.logging.json) return start_line(request_id, version);
  return event(LogLevel::kInfo, "start",
               Members().text("requestId", request_id).text("version", version).close());
}

std::string PlatformLog::failure(std::string_view request_id, std::string_view message,
                                 std::string_view type) const {
  if (config_.logging.json) return {};  // runtimeDone and report say so
  return fmt::format("RequestId: {} Error: {}\n{}\n", request_id, message, type);
}

std::string PlatformLog::timeout(std::string_view request_id) const {
  if (config_.logging.json) return {};
  return timeout_line(clock_.now(), request_id, config_.timeout_seconds);
}

std::string PlatformLog::dropped(size_t bytes, size_t limit) const {
  if (!config_.logging.json) {
    return fmt::format(
        "[dewpoint] {} bytes of output were dropped: an invocation's log is limited to {} bytes\n",
        bytes, limit);
  }
  return event(LogLevel::kFatal, "logsDropped",
               Members()
                   .integer("droppedBytes", static_cast<int64_t>(bytes))
                   .text("reason", fmt::format("an invocation's log is limited to {} bytes", limit))
                   .close());
}

std::string PlatformLog::end(const Report& report, size_t produced_bytes) const {
  if (!config_.logging.json) return end_line(report.request_id);
  return event(
      worse_if(report.status, LogLevel::kDebug), "runtimeDone",
      Members()
          .text("requestId", report.request_id)
          .status(report.status, report.error_type)
          .object("metrics", Members()
                                 .hundredths("durationMs", report.duration_ms)
                                 .integer("producedBytes", static_cast<int64_t>(produced_bytes)))
          .close());
}

std::string PlatformLog::report(const Report& report) const {
  if (!config_.logging.json) return report_line(report);
  Members metrics;
  metrics.hundredths("durationMs", report.duration_ms)
      .integer("billedDurationMs", billed_ms(report))
      .integer("memorySizeMB", report.memory_mb)
      .integer("maxMemoryUsedMB", report.peak_mb);
  if (report.init_ms) metrics.hundredths("initDurationMs", *report.init_ms);
  return event(worse_if(report.status, LogLevel::kInfo), "report",
               Members()
                   .text("requestId", report.request_id)
                   .object("metrics", std::move(metrics))
                   .status(report.status, report.error_type)
                   .close());
}

}  // namespace dew::lambda
