#include "services/dynamodb/key_codec.h"

#include "store/key.h"

namespace dew::dynamodb {
namespace {

store::Key items_of(TableNumber table) {
  return std::move(store::Key("dynamodb").add("i").add(table));
}

}  // namespace

void append_key_beginning(std::string& out, std::string_view text) {
  for (const char c : text) {
    out += c;
    if (c == '\0') out += '\xff';
  }
}

void append_key_attribute(std::string& out, const Value& value) {
  if (value.type == Type::kN) {
    value.number().append_ordered(out);
    return;
  }
  append_key_beginning(out, value.text());
  out += '\0';
  out += '\x01';
}

uint64_t partition_hash(std::string_view encoded_partition_key) {
  // FNV-1a, then the finalizer of MurmurHash3 (fmix64), which spreads it over all bits.
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : encoded_partition_key) {
    hash ^= static_cast<uint8_t>(c);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdU;
  hash ^= hash >> 33U;
  hash *= 0xc4ceb9fe1a85ec53U;
  hash ^= hash >> 33U;
  return hash;
}

std::string partition_prefix(TableNumber table, const Value& partition_key) {
  std::string encoded;
  append_key_attribute(encoded, partition_key);
  return items_of(table).add(partition_hash(encoded)).add_raw(encoded).str();
}

std::string item_key(TableNumber table, const Value& partition_key, const Value* sort_key) {
  std::string key = partition_prefix(table, partition_key);
  if (sort_key != nullptr) append_key_attribute(key, *sort_key);
  return key;
}

KeyRange table_range(TableNumber table) {
  const store::Key prefix = items_of(table);
  return {prefix.str(), prefix.prefix_end()};
}

KeyRange segment_range(TableNumber table, uint64_t segment, uint64_t total) {
  __extension__ using Wide = unsigned __int128;
  const auto first_hash = [&](uint64_t index) {
    const Wide scaled = (Wide{index} << 64U) + (total - 1);  // rounded up
    return static_cast<uint64_t>(scaled / total);
  };
  KeyRange range = table_range(table);
  if (segment > 0) range.begin = items_of(table).add(first_hash(segment)).str();
  if (segment + 1 < total) range.end = items_of(table).add(first_hash(segment + 1)).str();
  return range;
}

std::string prefix_end(std::string prefix) { return store::Key().add_raw(prefix).prefix_end(); }

}  // namespace dew::dynamodb
