// Cuts what a function writes to its standard output and error into log events.
//
// A line is an event. A runtime that wants an event of several lines writes a frame instead, as
// AWS's runtimes do: A5 5A 00 03, length and time in microseconds (big-endian, 4 and 8
// bytes), the text. A process writes whatever it likes, so a frame that makes no sense is text.
//
// Limits: an event longer than kMaxEventBytes is cut, as CloudWatch Logs' events are.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dew::lambda {

// CloudWatch Logs: 256 KB per event, with 26 bytes of overhead.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
inline constexpr size_t kMaxEventBytes = 262'144 - 26;

class OutputLines {
 public:
  // The text is without its newline.
  using Emit = std::function<void(std::string_view)>;

  void feed(std::string_view bytes, const Emit& emit);
  void flush(const Emit& emit);  // what is left without a newline; at the end of an invocation
  bool empty() const { return pending_.empty(); }

 private:
  size_t take(std::string_view bytes, bool last, const Emit& emit);  // bytes consumed
  std::string pending_;
};

inline constexpr std::string_view kFrameMagic{"\xA5\x5A\x00\x03", 4};
inline constexpr size_t kFrameHeadBytes = 16;

}  // namespace dew::lambda
