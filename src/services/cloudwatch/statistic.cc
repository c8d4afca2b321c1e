#include "services/cloudwatch/statistic.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace dew::cloudwatch {

namespace {

using Kind = Statistic::Kind;
using Points = std::vector<Distribution::Point>;

constexpr size_t kMaxDecimals = 10;

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

std::optional<double> number(std::string_view text) {
  if (text.empty() || text.front() == '+') return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  const size_t dot = text.find('.');
  if (dot != std::string_view::npos && text.size() - dot - 1 > kMaxDecimals) return std::nullopt;
  return value;
}

std::optional<double> percentage(std::string_view text) {
  const auto value = number(text);
  if (!value || *value < 0 || *value > 100) return std::nullopt;
  return value;
}

std::optional<Kind> kind_of(std::string_view name) {
  if (same(name, "tm")) return Kind::kTrimmedMean;
  if (same(name, "wm")) return Kind::kWinsorizedMean;
  if (same(name, "tc")) return Kind::kTrimmedCount;
  if (same(name, "ts")) return Kind::kTrimmedSum;
  if (same(name, "pr")) return Kind::kPercentileRank;
  return std::nullopt;
}

// "low:high"; one of them may be missing, and both are percentages or neither.
std::optional<Statistic> parse_range(Kind kind, std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view parts[] = {text.substr(0, colon), text.substr(colon + 1)};
  if (parts[0].empty() && parts[1].empty()) return std::nullopt;
  Statistic out;
  out.kind = kind;
  bool any_value = false;
  for (int i = 0; i < 2; ++i) {
    auto& part = parts[i];
    if (part.empty()) continue;
    const bool percent = part.ends_with('%');
    if (percent) part.remove_suffix(1);
    const auto bound = percent ? percentage(part) : number(part);
    if (!bound) return std::nullopt;
    (percent ? out.percent : any_value) = true;
    (i == 0 ? out.low : out.high) = bound;
  }
  if (out.percent && (any_value || kind == Kind::kPercentileRank)) return std::nullopt;
  if (out.low && out.high && *out.low >= *out.high) return std::nullopt;
  return out;
}

// The smallest value that at least `percent` of the weight does not exceed.
double value_at(const Points& points, double total, double percent) {
  const double wanted = total * percent / 100;
  double seen = 0;
  for (const auto& [value, weight] : points) {
    seen += weight;
    // Rounding must not push p100, or the p50 of two, past its value.
    if (seen >= wanted * (1 - 1e-12)) return value;
  }
  return points.back().value;
}

struct Part {
  double count = 0;
  double sum = 0;
};

Part within(const Points& points, double total, const Statistic& statistic) {
  Part out;
  double before = 0;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double from = statistic.percent ? total * statistic.low.value_or(0) / 100 : 0;
  const double to = statistic.percent ? total * statistic.high.value_or(100) / 100 : total;
  for (const auto& [value, weight] : points) {
    double part = weight;
    if (statistic.percent) {
      part = std::max(0.0, std::min(to, before + weight) - std::max(from, before));
    } else if (value <= statistic.low.value_or(-kInfinity) ||
               value > statistic.high.value_or(kInfinity)) {
      part = 0;
    }
    out.count += part;
    out.sum += part * value;
    before += weight;
  }
  return out;
}

double winsorized(const Points& points, double total, const Statistic& statistic) {
  double low = points.front().value;
  double high = points.back().value;
  if (statistic.low)
    low = statistic.percent ? value_at(points, total, *statistic.low) : *statistic.low;
  if (statistic.high)
    high = statistic.percent ? value_at(points, total, *statistic.high) : *statistic.high;
  double sum = 0;
  for (const auto& [value, weight] : points)
    sum += weight * std::min(std::max(value, low), std::max(low, high));
  return sum / total;
}

std::optional<double> of_values(const Aggregate& aggregate, const Statistic& statistic) {
  if (aggregate.opaque > 0 || aggregate.values.empty()) return std::nullopt;
  auto points = aggregate.values.points();
  double total = 0;
  for (auto& point : points) {
    point.value = std::clamp(point.value, aggregate.min, aggregate.max);
    total += point.weight;
  }
  // The ends are known exactly, whatever their bins say.
  points.front().value = aggregate.min;
  points.back().value = aggregate.max;
  switch (statistic.kind) {
    case Kind::kPercentile:
      return value_at(points, total, *statistic.low);
    case Kind::kWinsorizedMean:
      return winsorized(points, total, statistic);
    default:
      break;
  }
  const Part part = within(points, total, statistic);
  if (statistic.kind == Kind::kTrimmedCount) return part.count;
  if (statistic.kind == Kind::kTrimmedSum) return part.sum;
  if (statistic.kind == Kind::kPercentileRank) return 100 * part.count / total;
  if (part.count <= 0) return std::nullopt;
  return part.sum / part.count;
}

}  // namespace

std::optional<Statistic> Statistic::parse(std::string_view name) {
  static constexpr std::pair<std::string_view, Kind> kBasic[] = {
      {"SampleCount", Kind::kSampleCount}, {"Sum", Kind::kSum},         {"Average", Kind::kAverage},
      {"Minimum", Kind::kMinimum},         {"Maximum", Kind::kMaximum},
  };
  for (const auto& [text, kind] : kBasic) {
    if (text == name) return Statistic{.kind = kind};
  }
  if (same(name, "IQM"))
    return Statistic{.kind = Kind::kTrimmedMean, .percent = true, .low = 25, .high = 75};
  if (name.size() > 1 && (name.front() == 'p' || name.front() == 'P')) {
    if (const auto at = percentage(name.substr(1)))
      return Statistic{.kind = Kind::kPercentile, .percent = true, .low = at};
  }
  if (name.size() < 3) return std::nullopt;
  const auto kind = kind_of(name.substr(0, 2));
  if (!kind) return std::nullopt;
  const auto rest = name.substr(2);
  if (rest.starts_with('(') && rest.ends_with(')'))
    return parse_range(*kind, rest.substr(1, rest.size() - 2));
  const auto high = percentage(rest);
  if (!high || *kind == Kind::kPercentileRank) return std::nullopt;
  return Statistic{.kind = *kind, .percent = true, .high = high};
}

std::optional<double> Statistic::of(const Aggregate& values) const {
  if (values.empty()) return std::nullopt;
  switch (kind) {
    case Kind::kSampleCount:
      return values.count;
    case Kind::kSum:
      return values.sum;
    case Kind::kAverage:
      return values.sum / values.count;
    case Kind::kMinimum:
      return values.min;
    case Kind::kMaximum:
      return values.max;
    default:
      return of_values(values, *this);
  }
}

}  // namespace dew::cloudwatch
