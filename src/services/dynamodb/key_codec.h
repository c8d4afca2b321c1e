// Where an item sits in the store: keys whose byte order is the order in which Scan and Query walk.
//
//   "dynamodb" "i" table hash(partition key) partition-key sort-key
//
// The hash comes first, so that a Scan meets partitions in no useful order, as on AWS, and a
// parallel Scan can cut the hash space into segments; the items of one partition stay together,
// ordered by sort key. Byte by byte in docs/formats/dynamodb-items.md; pinned by golden-bytes
// tests. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/dynamodb/value.h"

namespace dew::dynamodb {

using TableNumber = uint64_t;  // a table's number in the store; never used twice

// A range of keys: [begin, end).
struct KeyRange {
  std::string begin;
  std::string end;
  bool contains(std::string_view key) const { return begin <= key && key < end; }
};

// Ordered, self-delimiting bytes of a key attribute (S, N or B).
void append_key_attribute(std::string& out, const Value& value);

// Stable for ever: stored keys depend on it.
uint64_t partition_hash(std::string_view encoded_partition_key);

// All keys of the partition start with this.
std::string partition_prefix(TableNumber table, const Value& partition_key);
std::string item_key(TableNumber table, const Value& partition_key, const Value* sort_key);

KeyRange table_range(TableNumber table);
// The part of the table whose hashes belong to `segment` of `total` (segment < total).
KeyRange segment_range(TableNumber table, uint64_t segment, uint64_t total);

// The first key after all keys that start with `prefix`.
std::string prefix_end(std::string prefix);
// Bytes with which the encodings of all values that begin with `text` start.
void append_key_beginning(std::string& out, std::string_view text);

}  // namespace dew::dynamodb
