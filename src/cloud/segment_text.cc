#include "cloud/segment_text.h"

#include <fmt/format.h>

#include "aws/trace_header.h"

namespace dew::cloud {

namespace {

// What an exception's message may take of a document's 64 KB.
constexpr size_t kMaxMessageBytes = 2048;

}  // namespace

void SegmentText::comma() {
  const char last = text_.back();
  if (last != '{' && last != '[') text_ += ',';
}

void SegmentText::key(std::string_view name) {
  comma();
  text_ += '"';
  text_ += name;
  text_ += "\":";
}

SegmentText& SegmentText::text(std::string_view name, std::string_view value) {
  key(name);
  aws::append_json_string(value, text_);
  return *this;
}

SegmentText& SegmentText::number(std::string_view name, int64_t value) {
  key(name);
  fmt::format_to(std::back_inserter(text_), "{}", value);
  return *this;
}

SegmentText& SegmentText::flag(std::string_view name) {
  key(name);
  text_ += "true";
  return *this;
}

SegmentText& SegmentText::time(std::string_view name, TimePoint value) {
  key(name);
  const int64_t us = value.time_since_epoch().count();
  fmt::format_to(std::back_inserter(text_), "{}.{:06}", us / 1'000'000, us % 1'000'000);
  return *this;
}

SegmentText& SegmentText::object(std::string_view name) {
  key(name);
  text_ += '{';
  return *this;
}

SegmentText& SegmentText::list(std::string_view name) {
  key(name);
  text_ += '[';
  return *this;
}

SegmentText& SegmentText::element() {
  comma();
  text_ += '{';
  return *this;
}

SegmentText& SegmentText::element(std::string_view value) {
  comma();
  aws::append_json_string(value, text_);
  return *this;
}

SegmentText& SegmentText::end(char bracket) {
  text_ += bracket;
  return *this;
}

SegmentText& SegmentText::outcome(int status) {
  constexpr int kThrottled = 429;
  if (status == kThrottled) flag("throttle");
  if (status >= 500) return flag("fault");
  if (status >= 400) return flag("error");
  return *this;
}

SegmentText& SegmentText::cause(std::string_view type, std::string_view message) {
  object("cause").list("exceptions").element();
  text("id", aws::new_segment_id()).text("type", type);
  text("message", message.substr(0, kMaxMessageBytes));
  return end().end(']').end();
}

}  // namespace dew::cloud
