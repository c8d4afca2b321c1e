// LogSink: all that Lambda needs of CloudWatch Logs on its hot path. The cloud wires it to the logs
// service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dew::lambda {

struct LogLine {
  int64_t timestamp_ms = 0;
  std::string message;
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  // Appends to group/stream, creating both when absent. Returns at once (buffered, written in
  // batches); never blocks and never fails: lines past the sink's bound are dropped and counted,
  // with a line that says so.
  virtual void append(std::string_view group, std::string_view stream,
                      std::vector<LogLine> lines) = 0;
};

}  // namespace dew::lambda
