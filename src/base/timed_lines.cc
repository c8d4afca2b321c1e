#include "base/timed_lines.h"

#include <algorithm>

namespace dew {

void TimedLines::add(int64_t timestamp_ms, std::string_view text, std::string_view rest) {
  places_.push_back({timestamp_ms, static_cast<uint32_t>(text_.size()),
                     static_cast<uint32_t>(text.size() + rest.size())});
  text_.append(text).append(rest);
}

void TimedLines::append(const TimedLines& other, size_t longest) {
  const auto shift = static_cast<uint32_t>(text_.size());
  text_ += other.text_;
  for (const auto& place : other.places_)
    places_.push_back({place.timestamp_ms, place.at + shift,
                       static_cast<uint32_t>(std::min<size_t>(place.length, longest))});
}

void TimedLines::clear() {
  constexpr size_t kKeptBytes = 4096;
  if (bytes() > kKeptBytes) {
    *this = {};
  } else {
    text_.clear();
    places_.clear();
  }
}

void TimedLines::sort_by_time() {
  if (!std::ranges::is_sorted(places_, {}, &Place::timestamp_ms))
    std::ranges::stable_sort(places_, {}, &Place::timestamp_ms);
}

void TimedLines::erase(size_t begin, size_t end) {
  places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(begin),
                places_.begin() + static_cast<std::ptrdiff_t>(end));
}

}  // namespace dew
