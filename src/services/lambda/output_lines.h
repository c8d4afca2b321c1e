// Cuts what a function writes to its standard output and error into log events.
//
// A line is an event. A runtime that wants an event of several lines writes a frame instead, as
// AWS's runtimes do: A5 5A 00 03, length and time in microseconds (big-endian, 4 and 8
// bytes), the text. A process writes whatever it likes, so a frame that makes no sense is text.
//
// Every byte is looked at once, however the output comes in pieces. Limits: a line longer than
// kMaxEventBytes becomes several events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dew::lambda {

// 256 KB, less the 26 bytes that CloudWatch Logs counts beside a message. Its own limit is 1 MB
// since 2025, but "this enhancement applies to the CloudWatch Logs PutLogEvents API and
// OpenTelemetry Protocol (OTLP) endpoint": what functions write is cut where it was.
// aws.amazon.com/about-aws/whats-new/2025/04/amazon-cloudwatch-logs-increases-log-event-size-1-mb/
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
  size_t seen_ = 0;  // of what is pending: no line ends in it
};

inline constexpr std::string_view kFrameMagic{"\xA5\x5A\x00\x03", 4};
inline constexpr size_t kFrameHeadBytes = 16;

}  // namespace dew::lambda
