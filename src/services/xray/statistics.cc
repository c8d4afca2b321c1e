#include "services/xray/statistics.h"

#include <cmath>

namespace dew::xray {

namespace {

double rounded(double value, int digits) {
  if (value <= 0) return 0;
  // Nobody measures less than a microsecond here.
  const double exponent = std::max(-6.0, std::floor(std::log10(value)) - (digits - 1));
  const double unit = std::pow(10, exponent);
  return std::round(value / unit) * unit;
}

}  // namespace

void Histogram::add(double seconds, uint64_t count) {
  entries_[rounded(seconds, digits_)] += count;
  while (entries_.size() > kMaxEntries && digits_ > 1) {
    --digits_;
    std::map<double, uint64_t> coarser;
    for (const auto& [value, number] : entries_) coarser[rounded(value, digits_)] += number;
    entries_ = std::move(coarser);
  }
}

json::Array Histogram::render() const {
  json::Array out;
  for (const auto& [value, count] : entries_)
    out.push_back(json::Object{{"Value", value}, {"Count", count}});
  return out;
}

void Statistics::add(const Entity& outcome, const Entity& timing) {
  start = total == 0 ? timing.start : std::min(start, timing.start);
  end = total == 0 ? timing.end : std::max(end, timing.end);
  ++total;
  seconds += timing.seconds();
  histogram.add(timing.seconds());
  if (outcome.fault) {
    ++faults;
  } else if (outcome.throttle) {
    ++throttles;
  } else if (outcome.error) {
    ++other_errors;
  } else {
    ++ok;
  }
}

json::Object Statistics::render() const {
  return {{"OkCount", ok},
          {"ErrorStatistics", json::Object{{"ThrottleCount", throttles},
                                           {"OtherCount", other_errors},
                                           {"TotalCount", throttles + other_errors}}},
          {"FaultStatistics", json::Object{{"OtherCount", faults}, {"TotalCount", faults}}},
          {"TotalCount", total},
          {"TotalResponseTime", seconds}};
}

}  // namespace dew::xray
