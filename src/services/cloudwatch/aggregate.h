// Aggregate: all that is kept of the values of one metric in one period. Every statistic that
// CloudWatch has is computed of it (statistic.h). Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/cloudwatch/distribution.h"

namespace dew::cloudwatch {

struct Aggregate {
  double count = 0;
  double sum = 0;
  double min = 0;  // meaningless while count is 0
  double max = 0;
  // How many of the values came as statistic sets, of whose spread nothing is known. With any,
  // there are no percentiles.
  double opaque = 0;
  Distribution values;

  bool empty() const { return count == 0; }
  void add(double value, double weight = 1);
  // A StatisticSet. Its values are known when they are all the same.
  void add_set(double set_count, double set_sum, double set_min, double set_max);
  void merge(const Aggregate& other);

  // docs/formats/cloudwatch.md
  std::string encode() const;
  static std::optional<Aggregate> decode(std::string_view bytes);
};

}  // namespace dew::cloudwatch
