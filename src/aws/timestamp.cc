#include "aws/timestamp.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace dew::aws {

namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr double kMaxSeconds = 253402300799.0;  // 9999-12-31T23:59:59Z
constexpr double kMinSeconds = -62135596800.0;  // 0001-01-01T00:00:00Z
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Parts {
  year_month_day date;
  unsigned weekday;
  int hour, minute, second, ms;
};

Parts split(double seconds) {
  if (!(seconds >= kMinSeconds)) seconds = kMinSeconds;
  if (seconds > kMaxSeconds) seconds = kMaxSeconds;
  const auto total_ms = static_cast<int64_t>(std::llround(seconds * 1000));
  int64_t days = total_ms / 86'400'000;
  int64_t rest = total_ms % 86'400'000;
  if (rest < 0) {
    rest += 86'400'000;
    --days;
  }
  const sys_days point{std::chrono::days(days)};
  return {year_month_day(point),
          std::chrono::weekday(point).c_encoding(),
          static_cast<int>(rest / 3'600'000),
          static_cast<int>(rest / 60'000 % 60),
          static_cast<int>(rest / 1000 % 60),
          static_cast<int>(rest % 1000)};
}

// A cursor over the text; every take fails for good once one has failed.
struct Scanner {
  std::string_view text;
  bool ok = true;

  int digits(size_t count) {
    int value = 0;
    if (text.size() < count) ok = false;
    for (size_t i = 0; ok && i < count; ++i) {
      if (text[i] < '0' || text[i] > '9') ok = false;
      value = value * 10 + (text[i] - '0');
    }
    if (ok) text.remove_prefix(count);
    return value;
  }
  bool accept(std::string_view wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(wanted.size());
    return true;
  }
  void expect(std::string_view wanted) { ok = accept(wanted) && ok; }
  double fraction() {
    if (!ok || !accept(".")) return 0;
    double value = 0;
    double scale = 0.1;
    size_t count = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      value += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
      ++count;
    }
    ok = ok && count > 0 && count <= 12;
    return std::round(value * 1e6) / 1e6;
  }
};

std::optional<double> join(int y, int mo, int d, int h, int mi, int s, double fraction) {
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  const auto days = sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86'400 + h * 3600 + mi * 60 + s + fraction;
}

}  // namespace

std::string format_iso8601(double seconds, Millis millis) {
  const Parts p = split(seconds);
  auto out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(p.date.year()),
                         static_cast<unsigned>(p.date.month()), static_cast<unsigned>(p.date.day()),
                         p.hour, p.minute, p.second);
  if (p.ms != 0 || millis == Millis::kAlways) out += fmt::format(".{:03}", p.ms);
  return out + "Z";
}

std::string format_rfc822(double seconds) {
  const Parts p = split(seconds);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[p.weekday],
                     static_cast<unsigned>(p.date.day()),
                     kMonths[static_cast<unsigned>(p.date.month()) - 1],
                     static_cast<int>(p.date.year()), p.hour, p.minute, p.second);
}

std::string format_unix(double seconds) {
  if (!std::isfinite(seconds)) return "0";
  const auto ms =
      static_cast<int64_t>(std::llround(std::clamp(seconds, kMinSeconds, kMaxSeconds) * 1000));
  if (ms % 1000 == 0) return std::to_string(ms / 1000);
  return fmt::format("{}{}.{:03}", ms < 0 ? "-" : "", std::abs(ms) / 1000, std::abs(ms) % 1000);
}

std::optional<double> parse_iso8601(std::string_view text) {
  Scanner in{text};
  const int y = in.digits(4);
  const bool dashes = in.accept("-");
  const int mo = in.digits(2);
  if (dashes) in.expect("-");
  const int d = in.digits(2);
  if (!in.ok) return std::nullopt;
  if (in.text.empty()) return join(y, mo, d, 0, 0, 0, 0);
  if (!in.accept("T") && !in.accept("t")) in.expect(" ");
  const int h = in.digits(2);
  const bool colons = in.accept(":");
  const int mi = in.digits(2);
  int s = 0;
  if (colons ? in.accept(":")
             : !in.text.empty() && in.text.front() >= '0' && in.text.front() <= '9')
    s = in.digits(2);
  const double fraction = in.fraction();
  int offset_s = 0;
  if (in.text.starts_with('+') || in.text.starts_with('-')) {
    const int sign = in.text.front() == '-' ? -1 : 1;
    in.text.remove_prefix(1);
    const int oh = in.digits(2);
    in.accept(":");
    const int om = in.digits(2);
    offset_s = sign * (oh * 3600 + om * 60);
  } else if (!in.accept("z")) {
    in.accept("Z");
  }
  if (!in.ok || !in.text.empty()) return std::nullopt;
  auto out = join(y, mo, d, h, mi, s, fraction);
  if (out) *out -= offset_s;
  return out;
}

std::optional<double> parse_rfc822(std::string_view text) {
  Scanner in{text};
  if (const size_t comma = text.find(", "); comma != std::string_view::npos)
    in.text.remove_prefix(comma + 2);
  const int d = in.text.size() > 1 && in.text[1] == ' ' ? in.digits(1) : in.digits(2);
  in.expect(" ");
  int mo = 0;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (in.accept(kMonths[i])) {
      mo = static_cast<int>(i) + 1;
      break;
    }
  }
  in.expect(" ");
  const int y = in.digits(4);
  in.expect(" ");
  const int h = in.digits(2);
  in.expect(":");
  const int mi = in.digits(2);
  in.expect(":");
  const int s = in.digits(2);
  const double fraction = in.fraction();
  in.expect(" ");
  if (!in.accept("GMT") && !in.accept("UTC")) in.expect("+0000");
  if (!in.ok || mo == 0 || !in.text.empty()) return std::nullopt;
  return join(y, mo, d, h, mi, s, fraction);
}

std::optional<double> parse_unix(std::string_view text) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out))
    return std::nullopt;
  return out;
}

std::optional<double> parse_timestamp(std::string_view text) {
  if (auto out = parse_iso8601(text); out && text.find('-') != std::string_view::npos) return out;
  if (auto out = parse_unix(text)) return out;
  if (auto out = parse_iso8601(text)) return out;
  return parse_rfc822(text);
}

}  // namespace dew::aws
