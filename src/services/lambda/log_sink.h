// LogSink: all that Lambda needs of CloudWatch Logs on its hot path. The cloud wires it to the logs
// service. Thread-safe.
#pragma once

#include <functional>
#include <string_view>

#include "base/timed_lines.h"

namespace dew::lambda {

class LogSink {
 public:
  enum class Room { kEnough, kNone };

  virtual ~LogSink() = default;
  // Appends to group/stream, creating both when absent. Returns at once (buffered, written in
  // batches); never blocks and never fails. kNone: the lines were taken, but whoever can hold back
  // more of them does, until when_room() calls. Lines far beyond that are dropped and counted, with
  // a line that says so.
  virtual Room append(std::string_view group, std::string_view stream, const TimedLines& lines) = 0;
  // Calls once, on any thread, perhaps before it returns.
  virtual void when_room(std::string_view group, std::string_view stream,
                         std::move_only_function<void()> call) = 0;
};

}  // namespace dew::lambda
