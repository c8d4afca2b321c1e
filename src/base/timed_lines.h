// TimedLines: many lines of text with their times, in one piece of memory. A line costs 16 bytes
// beside its text and no allocation of its own, so that a million a second can be handed on.
//
// Not thread-safe. Limits: kMaxBytes of text in one; the caller keeps to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace dew {

struct TimedLine {
  int64_t timestamp_ms = 0;  // since the epoch
  std::string_view text;     // lives until the lines change
};

class TimedLines {
 public:
  static constexpr size_t kMaxBytes = std::numeric_limits<uint32_t>::max();
  static constexpr size_t kOverheadBytes = 16;  // what a line costs beside its text

  // One line of both texts, one after the other.
  void add(int64_t timestamp_ms, std::string_view text, std::string_view rest = {});
  // After those here, each cut to `longest` bytes.
  void append(const TimedLines& other, size_t longest = kMaxBytes);
  void clear();  // keeps the memory of a few lines
  // Lines of one time stay in the order in which they came.
  void sort_by_time();
  void erase(size_t begin, size_t end);  // the lines in [begin, end)

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  size_t bytes() const { return text_.size() + places_.size() * kOverheadBytes; }
  int64_t time_ms(size_t i) const { return places_[i].timestamp_ms; }
  size_t length(size_t i) const { return places_[i].length; }
  std::string_view text(size_t i) const {
    return std::string_view(text_).substr(places_[i].at, places_[i].length);
  }
  TimedLine operator[](size_t i) const { return {time_ms(i), text(i)}; }

 private:
  struct Place {
    int64_t timestamp_ms;
    uint32_t at;
    uint32_t length;
  };
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace dew
