// SegmentText: writes a segment document, member by member. No JSON tree is built: this runs on the
// threads that serve requests. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "aws/wire_json.h"
#include "base/clock.h"

namespace dew::cloud {

class SegmentText {
 public:
  SegmentText() {
    text_.reserve(768);
    text_ += '{';
  }

  SegmentText& text(std::string_view name, std::string_view value);
  SegmentText& number(std::string_view name, int64_t value);
  SegmentText& flag(std::string_view name);  // true
  SegmentText& time(std::string_view name, TimePoint value);
  // Members between these are of the inner object or list.
  SegmentText& object(std::string_view name);
  SegmentText& list(std::string_view name);
  SegmentText& element();  // of a list, an object
  SegmentText& element(std::string_view text);
  SegmentText& end(char bracket = '}');
  // error, throttle or fault, as the status is of the service's.
  SegmentText& outcome(int status);
  SegmentText& cause(std::string_view type, std::string_view message);

  std::string take() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  void key(std::string_view name);
  void comma();
  std::string text_;
};

}  // namespace dew::cloud
