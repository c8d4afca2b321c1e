// What lifecycle_rules.cc and lifecycle.cc share: which objects a rule is about, and times.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/s3/state.h"

namespace dew::s3 {

inline constexpr int64_t kDay_s = 86'400;

struct LifecycleFilter {
  std::string prefix;
  std::vector<std::pair<std::string, std::string>> tags;
  std::optional<int64_t> larger_than;   // bytes
  std::optional<int64_t> smaller_than;  // bytes

  bool takes(const json::Object& record) const;
};
// nullopt: several conditions without And.
std::optional<LifecycleFilter> read_filter(const json::Object& rule);

// Seconds since the epoch. So many days later, at the next midnight.
int64_t due_after(int64_t from_s, int64_t days);
int64_t modified_s(const json::Object& record);
// An action's Date, or its days after `from_s`; nullopt where it has neither.
std::optional<int64_t> due_of(const json::Object& action, std::string_view days, int64_t from_s);

}  // namespace dew::s3
