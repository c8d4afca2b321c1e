#include "cli/duration.h"

#include <fmt/format.h>

#include <charconv>

namespace dew::cli {

Result<int64_t> parse_seconds(std::string_view text) {
  constexpr int64_t kMost = 1'000'000'000;
  const auto wrong = [&] {
    return fail(ErrorKind::kInvalid,
                fmt::format("{}: give a time such as 90s, 15m, 1h30m or 7d", text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (rest.empty()) return wrong();
  int64_t total = 0;
  while (!rest.empty()) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc{} || number < 0 || number > kMost || rest.front() == '-') return wrong();
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    int64_t factor = 1;
    if (!rest.empty()) {
      constexpr std::string_view kUnits = "smhd";
      constexpr int64_t kSeconds[] = {1, 60, 3600, 86400};
      const size_t unit = kUnits.find(rest.front());
      if (unit == std::string_view::npos) return wrong();
      factor = kSeconds[unit];
      rest.remove_prefix(1);
    }
    total += number * factor;
    if (total > kMost) return wrong();
  }
  return negative ? -total : total;
}

}  // namespace dew::cli
