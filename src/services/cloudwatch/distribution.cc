#include "services/cloudwatch/distribution.h"

#include <algorithm>
#include <cmath>

#include "services/cloudwatch/bytes.h"

namespace dew::cloudwatch {

namespace {

constexpr double kGamma = (1 + Distribution::kRelativeError) / (1 - Distribution::kRelativeError);
constexpr int kMaxLevel = 16;
// Added to a magnitude's index, so that keys of positive values are positive: 2^-360 has the index
// -12,476 at the finest level.
constexpr int32_t kShift = 1 << 14;
constexpr int32_t kMaxKey = 1 << 17;
const double kSmallest = std::ldexp(1.0, -360);

double log_gamma(int level) { return std::log(kGamma) * std::ldexp(1.0, level); }

// ceil(index / 2), for indexes of either sign.
int32_t half_up(int32_t index) { return index >= 0 ? (index + 1) / 2 : -((-index) / 2); }

}  // namespace

int32_t Distribution::key_of(double value, int level) {
  const double magnitude = std::abs(value);
  if (magnitude < kSmallest) return 0;
  const auto index = static_cast<int32_t>(std::ceil(std::log(magnitude) / log_gamma(0)));
  int32_t key = std::clamp(index + kShift, 1, kMaxKey);
  for (int i = 0; i < level; ++i) key = coarser(key);
  return value < 0 ? -key : key;
}

int32_t Distribution::coarser(int32_t key) {
  if (key == 0) return 0;
  const int32_t index = std::abs(key) - kShift;
  const int32_t joined = half_up(index) + kShift;
  return key < 0 ? -joined : joined;
}

double Distribution::value_of(int32_t key, int level) {
  if (key == 0) return 0;
  const double step = log_gamma(level);
  // The middle, by relative error, of (gamma^(i-1), gamma^i].
  const double magnitude = 2 * std::exp(step * (std::abs(key) - kShift)) / (std::exp(step) + 1);
  return key < 0 ? -magnitude : magnitude;
}

double Distribution::relative_error() const {
  if (exact()) return 0;
  const double gamma = std::exp(log_gamma(level_));
  return (gamma - 1) / (gamma + 1);
}

void Distribution::add_bin(int32_t key, double weight) {
  const auto it = std::lower_bound(bins_.begin(), bins_.end(), key,
                                   [](const Bin& bin, int32_t k) { return bin.key < k; });
  if (it != bins_.end() && it->key == key) {
    it->weight += weight;
  } else {
    bins_.insert(it, {key, weight});
  }
}

void Distribution::to_bins() {
  const auto values = std::exchange(exact_, {});
  for (const auto& [value, weight] : values) add_bin(key_of(value, level_), weight);
}

void Distribution::collapse() {
  const auto old = std::exchange(bins_, {});
  ++level_;
  for (const auto& bin : old) add_bin(coarser(bin.key), bin.weight);
}

void Distribution::bound() {
  while (bins_.size() > kMaxBins && level_ < kMaxLevel) collapse();
}

void Distribution::add(double value, double weight) {
  if (value == 0) value = 0;  // no negative zero
  if (!bins_.empty()) {
    add_bin(key_of(value, level_), weight);
    return bound();
  }
  const auto it = std::lower_bound(exact_.begin(), exact_.end(), value,
                                   [](const Point& point, double v) { return point.value < v; });
  if (it != exact_.end() && it->value == value) {
    it->weight += weight;
    return;
  }
  exact_.insert(it, {value, weight});
  if (exact_.size() > kExactValues) to_bins();
}

void Distribution::merge(const Distribution& other) {
  if (other.bins_.empty()) {
    for (const auto& [value, weight] : other.exact_) add(value, weight);
    return;
  }
  to_bins();
  Distribution finer = other;
  while (finer.level_ < level_) finer.collapse();
  if (bins_.empty()) level_ = finer.level_;
  while (level_ < finer.level_) collapse();
  for (const auto& bin : finer.bins_) add_bin(bin.key, bin.weight);
  bound();
}

std::vector<Distribution::Point> Distribution::points() const {
  if (bins_.empty()) return exact_;
  std::vector<Point> out;
  out.reserve(bins_.size());
  for (const auto& bin : bins_) out.push_back({value_of(bin.key, level_), bin.weight});
  return out;
}

void Distribution::encode(std::string& out) const {
  if (bins_.empty()) {
    out += '\0';
    put_varint(out, exact_.size());
    for (const auto& [value, weight] : exact_) {
      put_double(out, value);
      put_weight(out, weight);
    }
    return;
  }
  out += static_cast<char>(level_ + 1);
  put_varint(out, bins_.size());
  int32_t before = -kMaxKey - 1;
  for (const auto& bin : bins_) {
    put_varint(out, static_cast<uint64_t>(bin.key - before));
    put_weight(out, bin.weight);
    before = bin.key;
  }
}

std::optional<Distribution> Distribution::decode(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  const int form = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  const auto count = take_varint(bytes);
  Distribution out;
  if (!count || form > kMaxLevel + 1) return std::nullopt;
  if (*count > (form == 0 ? kExactValues : kMaxBins) || (form != 0 && *count == 0))
    return std::nullopt;
  int64_t before = -kMaxKey - 1;
  for (uint64_t i = 0; i < *count; ++i) {
    if (form == 0) {
      const auto value = take_double(bytes);
      const auto weight = take_weight(bytes);
      if (!value || !weight || !(*weight > 0)) return std::nullopt;
      if (*value == 0 && std::signbit(*value)) return std::nullopt;
      if (!out.exact_.empty() && !(*value > out.exact_.back().value)) return std::nullopt;
      out.exact_.push_back({*value, *weight});
      continue;
    }
    const auto step = take_varint(bytes);
    const auto weight = take_weight(bytes);
    if (!step || *step == 0 || *step > 2 * kMaxKey + 1 || !weight || !(*weight > 0))
      return std::nullopt;
    before += static_cast<int64_t>(*step);
    if (before > kMaxKey) return std::nullopt;
    out.bins_.push_back({static_cast<int32_t>(before), *weight});
  }
  out.level_ = std::max(0, form - 1);
  return out;
}

}  // namespace dew::cloudwatch
