// Capacity units, from the sizes of the items that an operation touched.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
#pragma once

#include <cstddef>
#include <string_view>

#include "json/json.h"

namespace dew::dynamodb {

enum class Consistency { kEventual, kStrong };

Consistency consistency(const json::Object& input);  // by ConsistentRead

// Per 4 KB, begun ones whole; half for eventually consistent reads. Nothing read costs as much as 4
// KB.
double read_units(size_t bytes, Consistency consistency);
// Per 1 KB of the larger of the item before and after.
double write_units(size_t old_bytes, size_t new_bytes);

// What read_units() and write_units() gave on this thread since the last call: an operation runs on
// one thread from end to end.
struct Units {
  double read = 0;
  double write = 0;
};
Units take_units();

bool wants_capacity(const json::Object& input);
// The ConsumedCapacity that ReturnConsumedCapacity asks for; only to be called when
// wants_capacity().
json::Object consumed_capacity(const json::Object& input, std::string_view table, double units);

}  // namespace dew::dynamodb
