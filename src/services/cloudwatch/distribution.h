// Distribution: how the values of a period are spread, in bounded memory, so that percentiles can
// be had of it, and mergeable, so that periods can be added up.
//
// Up to kExactValues distinct values are kept as they are, and everything computed of them is
// exact. Beyond that it is a histogram of logarithmic bins: a value is represented within
// kRelativeError of itself (1 %). Should more than kMaxBins bins be needed (values spread over more
// than nine orders of magnitude), neighbouring bins are joined in pairs, which doubles the error,
// as often as needed. This is UDDSketch: Epicoco et al., "UDDSketch: Accurate Tracking of Quantiles
// in Data Streams", 2020, arXiv:2004.08604; the bins are DDSketch's, Masson et al., VLDB 2019.
// Magnitudes below 2^-360 count as zero once there are bins.
//
// Merging is exact up to that error, and does not depend on the order but for rounding. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dew::cloudwatch {

class Distribution {
 public:
  static constexpr size_t kExactValues = 64;
  static constexpr size_t kMaxBins = 1024;
  static constexpr double kRelativeError = 0.01;

  struct Point {
    double value;
    double weight;
  };

  // Finite values; weights above zero.
  void add(double value, double weight);
  void merge(const Distribution& other);
  bool empty() const { return exact_.empty() && bins_.empty(); }
  bool exact() const { return bins_.empty(); }
  // Of the values as they are now represented.
  double relative_error() const;
  // By value, ascending.
  std::vector<Point> points() const;

  void encode(std::string& out) const;
  // Takes its bytes off the front. nullopt: damaged.
  static std::optional<Distribution> decode(std::string_view& bytes);

 private:
  struct Bin {
    int32_t key;  // ordered as the values are; 0: zero
    double weight;
  };

  static int32_t key_of(double value, int level);
  static double value_of(int32_t key, int level);
  static int32_t coarser(int32_t key);
  void add_bin(int32_t key, double weight);
  void to_bins();
  void collapse();
  void bound();

  std::vector<Point> exact_;  // sorted; empty once there are bins
  std::vector<Bin> bins_;     // sorted
  int level_ = 0;             // how often bins were joined
};

}  // namespace dew::cloudwatch
