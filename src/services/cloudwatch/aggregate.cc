#include "services/cloudwatch/aggregate.h"

#include <algorithm>

#include "services/cloudwatch/bytes.h"

namespace dew::cloudwatch {

namespace {

constexpr char kVersion = 1;

void widen(Aggregate& to, double low, double high) {
  to.min = to.empty() ? low : std::min(to.min, low);
  to.max = to.empty() ? high : std::max(to.max, high);
}

}  // namespace

void Aggregate::add(double value, double weight) {
  widen(*this, value, value);
  count += weight;
  sum += value * weight;
  values.add(value, weight);
}

void Aggregate::add_set(double set_count, double set_sum, double set_min, double set_max) {
  widen(*this, set_min, set_max);
  count += set_count;
  sum += set_sum;
  if (set_min == set_max) {
    values.add(set_min, set_count);
  } else {
    opaque += set_count;
  }
}

void Aggregate::merge(const Aggregate& other) {
  if (other.empty()) return;
  widen(*this, other.min, other.max);
  count += other.count;
  sum += other.sum;
  opaque += other.opaque;
  values.merge(other.values);
}

std::string Aggregate::encode() const {
  std::string out;
  out += kVersion;
  put_weight(out, count);
  put_weight(out, opaque);
  put_double(out, sum);
  put_double(out, min);
  put_double(out, max);
  values.encode(out);
  return out;
}

std::optional<Aggregate> Aggregate::decode(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return std::nullopt;
  bytes.remove_prefix(1);
  Aggregate out;
  const auto count = take_weight(bytes);
  const auto opaque = take_weight(bytes);
  const auto sum = take_double(bytes);
  const auto min = take_double(bytes);
  const auto max = take_double(bytes);
  if (!count || !opaque || !sum || !min || !max) return std::nullopt;
  if (!(*count > 0) || *opaque < 0 || *min > *max) return std::nullopt;
  auto values = Distribution::decode(bytes);
  if (!values || !bytes.empty()) return std::nullopt;
  out.count = *count;
  out.opaque = *opaque;
  out.sum = *sum;
  out.min = *min;
  out.max = *max;
  out.values = *std::move(values);
  return out;
}

}  // namespace dew::cloudwatch
