#include "services/dynamodb/capacity.h"

#include <algorithm>
#include <utility>

namespace dew::dynamodb {
namespace {

constexpr size_t kReadUnitBytes = 4096;
constexpr size_t kWriteUnitBytes = 1024;

thread_local Units t_units;

size_t units(size_t bytes, size_t unit) { return std::max<size_t>(1, (bytes + unit - 1) / unit); }

}  // namespace

Consistency consistency(const json::Object& input) {
  return json::bool_at(input, "ConsistentRead").value_or(false) ? Consistency::kStrong
                                                                : Consistency::kEventual;
}

double read_units(size_t bytes, Consistency consistency) {
  const auto whole = static_cast<double>(units(bytes, kReadUnitBytes));
  const double out = consistency == Consistency::kStrong ? whole : whole / 2;
  t_units.read += out;
  return out;
}

double write_units(size_t old_bytes, size_t new_bytes) {
  const auto out = static_cast<double>(units(std::max(old_bytes, new_bytes), kWriteUnitBytes));
  t_units.write += out;
  return out;
}

Units take_units() { return std::exchange(t_units, {}); }

bool wants_capacity(const json::Object& input) {
  const auto wanted = json::string_at(input, "ReturnConsumedCapacity");
  return wanted == "TOTAL" || wanted == "INDEXES";
}

json::Object consumed_capacity(const json::Object& input, std::string_view table, double units) {
  json::Object out;
  out["TableName"] = table;
  out["CapacityUnits"] = units;
  if (json::string_at(input, "ReturnConsumedCapacity") == "INDEXES") {
    json::Object of_table;
    of_table["CapacityUnits"] = units;
    out["Table"] = std::move(of_table);
  }
  return out;
}

}  // namespace dew::dynamodb
