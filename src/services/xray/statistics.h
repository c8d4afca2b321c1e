// Statistics: how the requests of a node or an edge of the service map ended, and how long they
// took. docs.aws.amazon.com/xray/latest/api/API_ServiceStatistics.html, API_HistogramEntry.html
#pragma once

#include <cstdint>
#include <map>

#include "services/xray/trace.h"

namespace dew::xray {

// Response times, rounded to so many significant digits that there are at most kMaxEntries.
class Histogram {
 public:
  static constexpr size_t kMaxEntries = 100;

  void add(double seconds, uint64_t count = 1);
  json::Array render() const;

 private:
  std::map<double, uint64_t> entries_;
  int digits_ = 3;
};

struct Statistics {
  uint64_t ok = 0;
  uint64_t throttles = 0;
  uint64_t other_errors = 0;
  uint64_t faults = 0;
  uint64_t total = 0;
  double seconds = 0;
  Histogram histogram;
  double start = 0;
  double end = 0;

  // A request that ended as `outcome` says and took as long as `timing`.
  void add(const Entity& outcome, const Entity& timing);
  json::Object render() const;
};

}  // namespace dew::xray
