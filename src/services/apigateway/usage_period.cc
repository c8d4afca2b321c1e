#include "services/apigateway/usage_period.h"

#include <fmt/format.h>

#include <charconv>

namespace dew::apigateway {

namespace {
using std::chrono::days;
using std::chrono::sys_days;
}  // namespace

std::optional<Period> parse_period(std::string_view text) {
  if (text == "DAY") return Period::kDay;
  if (text == "WEEK") return Period::kWeek;
  if (text == "MONTH") return Period::kMonth;
  return std::nullopt;
}

sys_days period_start(sys_days day, Period period, int offset) {
  if (period == Period::kDay) return day;
  if (period == Period::kWeek) {
    const auto since =
        (std::chrono::weekday(day).c_encoding() + 7U - static_cast<unsigned>(offset)) % 7U;
    return day - days(since);
  }
  const std::chrono::year_month_day date(day);
  const auto start = sys_days(date.year() / date.month() / 1) + days(offset);
  if (start <= day) return start;
  const auto before = date.year() / date.month() - std::chrono::months(1);
  return sys_days(before / 1) + days(offset);
}

std::string day_text(sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::optional<sys_days> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](size_t at, size_t length) -> int {
    int out = -1;
    const auto* const end = text.data() + at + length;
    const auto [read, error] = std::from_chars(text.data() + at, end, out);
    return error == std::errc() && read == end ? out : -1;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return sys_days(date);
}

}  // namespace dew::apigateway
