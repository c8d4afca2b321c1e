#include "services/dynamodb/item_codec.h"

#include <optional>

#include "aws/wire_json.h"
#include "base/encoding.h"
#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kFalseTag = 10;
constexpr uint8_t kTrueTag = 11;

void put_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out += text;
}

void put_map(std::string& out, const Map& map);

void put_value(std::string& out, const Value& value) {
  if (value.type == Type::kBool) {
    out += static_cast<char>(std::get<bool>(value.data) ? kTrueTag : kFalseTag);
    return;
  }
  out += static_cast<char>(value.type);
  switch (value.type) {
    case Type::kS:
    case Type::kN:
    case Type::kB:
      put_text(out, value.text());
      break;
    case Type::kSS:
    case Type::kNS:
    case Type::kBS:
      put_varint(out, value.set().size());
      for (const auto& member : value.set()) put_text(out, member);
      break;
    case Type::kM:
      put_map(out, value.map());
      break;
    case Type::kL:
      put_varint(out, value.list().size());
      for (const auto& element : value.list()) put_value(out, element);
      break;
    case Type::kNull:
    case Type::kBool:
      break;
  }
}

void put_map(std::string& out, const Map& map) {
  put_varint(out, map.size());
  for (const auto& [name, value] : map) {
    put_text(out, name);
    put_value(out, value);
  }
}

// Takes bytes off the front. Every function is false at the first inconsistency.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool byte(uint8_t& out) {
    if (rest_.empty()) return false;
    out = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return true;
  }
  bool varint(uint64_t& out) {
    out = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      uint8_t next = 0;
      if (!byte(next)) return false;
      out |= static_cast<uint64_t>(next & 0x7f) << shift;
      if ((next & 0x80) == 0) return true;
    }
    return false;
  }
  // A count of things that take at least one byte each.
  bool count(size_t& out) {
    uint64_t value = 0;
    if (!varint(value) || value > rest_.size()) return false;
    out = value;
    return true;
  }
  bool text(std::string_view& out) {
    size_t length = 0;
    if (!count(length)) return false;
    out = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// What the reader builds: Values ...
struct ValueBuilder {
  using Value = dynamodb::Value;
  using Map = dynamodb::Map;

  static Value text(Type type, std::string_view text) { return {type, std::string(text)}; }
  static Value boolean(bool truth) { return Value::boolean(truth); }
  static Value null() { return Value::null(); }
  struct Members {
    Set set;
    explicit Members(size_t count) { set.reserve(count); }
    void add(std::string_view member) { set.emplace_back(member); }
    Value finish(Type type) && { return Value::set(type, std::move(set)); }
  };
  struct Elements {
    List list;
    explicit Elements(size_t count) { list.reserve(count); }
    void add(Value value) { list.push_back(std::move(value)); }
    Value finish() && { return Value::list(std::move(list)); }
  };
  static void add(Map& map, std::string_view name, Value value) {
    map.append(std::string(name), std::move(value));
  }
  static Value wrap(Map map) { return Value::map(std::move(map)); }
};

// ... or the wire's form.
struct WireBuilder {
  using Value = json::Value;
  using Map = json::Object;

  static Value typed(Type type, Value payload) {
    json::Object out;
    out.emplace(type_name(type), std::move(payload));
    return out;
  }
  static Value text(Type type, std::string_view text) { return typed(type, json::String(text)); }
  static Value boolean(bool truth) { return typed(Type::kBool, truth); }
  static Value null() { return typed(Type::kNull, true); }
  struct Members {
    json::Array array;
    explicit Members(size_t count) { array.reserve(count); }
    void add(std::string_view member) { array.emplace_back(json::String(member)); }
    Value finish(Type type) && { return typed(type, std::move(array)); }
  };
  struct Elements {
    json::Array array;
    explicit Elements(size_t count) { array.reserve(count); }
    void add(Value value) { array.push_back(std::move(value)); }
    Value finish() && { return typed(Type::kL, std::move(array)); }
  };
  static void add(Map& map, std::string_view name, Value value) {
    map.emplace(name, std::move(value));
  }
  static Value wrap(Map map) { return typed(Type::kM, std::move(map)); }
};

template <class Builder>
bool read_map(Reader& reader, typename Builder::Map& out, int level);

template <class Builder>
bool read_value(Reader& reader, typename Builder::Value& out, int level) {
  uint8_t tag = 0;
  if (level >= kMaxNestingLevels || !reader.byte(tag)) return false;
  if (tag == kFalseTag || tag == kTrueTag) {
    out = Builder::boolean(tag == kTrueTag);
    return true;
  }
  const auto type = static_cast<Type>(tag);
  std::string_view text;
  size_t count = 0;
  switch (type) {
    case Type::kS:
    case Type::kN:
    case Type::kB:
      if (!reader.text(text)) return false;
      out = Builder::text(type, text);
      return true;
    case Type::kSS:
    case Type::kNS:
    case Type::kBS: {
      if (!reader.count(count) || count == 0) return false;
      typename Builder::Members members(count);
      for (; count > 0; --count) {
        if (!reader.text(text)) return false;
        members.add(text);
      }
      out = std::move(members).finish(type);
      return true;
    }
    case Type::kL: {
      if (!reader.count(count)) return false;
      typename Builder::Elements elements(count);
      for (; count > 0; --count) {
        typename Builder::Value element;
        if (!read_value<Builder>(reader, element, level + 1)) return false;
        elements.add(std::move(element));
      }
      out = std::move(elements).finish();
      return true;
    }
    case Type::kM: {
      typename Builder::Map map;
      if (!read_map<Builder>(reader, map, level + 1)) return false;
      out = Builder::wrap(std::move(map));
      return true;
    }
    case Type::kNull:
      out = Builder::null();
      return true;
    case Type::kBool:
      break;
  }
  return false;
}

template <class Builder>
bool read_map(Reader& reader, typename Builder::Map& out, int level) {
  size_t count = 0;
  if (!reader.count(count)) return false;
  out.reserve(count);
  std::optional<std::string_view> previous;
  for (; count > 0; --count) {
    std::string_view name;
    typename Builder::Value value;
    if (!reader.text(name) || (previous && *previous >= name)) return false;
    if (!read_value<Builder>(reader, value, level)) return false;
    Builder::add(out, name, std::move(value));
    previous = name;
  }
  return true;
}

// ... or the wire's form as text, which builds nothing.
bool append_map_json(Reader& reader, std::string& out, int level);

void append_scalar_json(Type type, std::string_view text, std::string& out) {
  if (type == Type::kB || type == Type::kBS) {
    out += '"';
    out += base64_encode(text);
    out += '"';
  } else {
    aws::append_json_string(text, out);
  }
}

bool append_value_json(Reader& reader, std::string& out, int level) {
  uint8_t tag = 0;
  if (level >= kMaxNestingLevels || !reader.byte(tag)) return false;
  if (tag == kFalseTag || tag == kTrueTag) {
    out += tag == kTrueTag ? R"({"BOOL":true})" : R"({"BOOL":false})";
    return true;
  }
  const auto type = static_cast<Type>(tag);
  if (type > Type::kNull || type == Type::kBool) return false;
  out += "{\"";
  out += type_name(type);
  out += "\":";
  std::string_view text;
  size_t count = 0;
  switch (type) {
    case Type::kS:
    case Type::kN:
    case Type::kB:
      if (!reader.text(text)) return false;
      append_scalar_json(type, text, out);
      break;
    case Type::kSS:
    case Type::kNS:
    case Type::kBS:
      if (!reader.count(count) || count == 0) return false;
      for (char mark = '['; count > 0; --count, mark = ',') {
        if (!reader.text(text)) return false;
        out += mark;
        append_scalar_json(type, text, out);
      }
      out += ']';
      break;
    case Type::kL:
      if (!reader.count(count)) return false;
      out += '[';
      for (bool first = true; count > 0; --count, first = false) {
        if (!first) out += ',';
        if (!append_value_json(reader, out, level + 1)) return false;
      }
      out += ']';
      break;
    case Type::kM:
      if (!append_map_json(reader, out, level + 1)) return false;
      break;
    case Type::kNull:
    case Type::kBool:
      out += "true";
      break;
  }
  out += '}';
  return true;
}

bool append_map_json(Reader& reader, std::string& out, int level) {
  size_t count = 0;
  if (!reader.count(count)) return false;
  out += '{';
  std::optional<std::string_view> previous;
  for (; count > 0; --count) {
    std::string_view name;
    if (!reader.text(name) || (previous && *previous >= name)) return false;
    if (previous) out += ',';
    aws::append_json_string(name, out);
    out += ':';
    if (!append_value_json(reader, out, level)) return false;
    previous = name;
  }
  out += '}';
  return true;
}

bool read_header(Reader& reader, uint64_t& size) {
  uint8_t version = 0;
  return reader.byte(version) && version == kVersion && reader.varint(size);
}

std::unexpected<Error> damaged() {
  return fail(ErrorKind::kInternal,
              "A stored item is damaged: its bytes do not have the form of an item");
}

template <class Builder>
Result<typename Builder::Map> read_whole(std::string_view bytes) {
  Reader reader(bytes);
  uint64_t size = 0;
  typename Builder::Map out;
  if (!read_header(reader, size) || !read_map<Builder>(reader, out, 0) || !reader.at_end())
    return damaged();
  return out;
}

}  // namespace

std::string encode_item(const Item& item, size_t size) {
  std::string out;
  out.reserve(size + item.size() * 4 + 16);
  out += static_cast<char>(kVersion);
  put_varint(out, size);
  put_map(out, item);
  return out;
}

Result<Item> decode_item(std::string_view bytes) { return read_whole<ValueBuilder>(bytes); }

Result<json::Object> decode_item_to_wire(std::string_view bytes) {
  return read_whole<WireBuilder>(bytes);
}

Result<void> append_item_json(std::string_view bytes, std::string& out) {
  Reader reader(bytes);
  uint64_t size = 0;
  if (!read_header(reader, size) || !append_map_json(reader, out, 0) || !reader.at_end())
    return damaged();
  return {};
}

Result<size_t> decode_item_size(std::string_view bytes) {
  Reader reader(bytes);
  uint64_t size = 0;
  if (!read_header(reader, size)) return damaged();
  return size;
}

}  // namespace dew::dynamodb
