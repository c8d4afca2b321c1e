#include "aws/wire_cbor.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/limits.h"

namespace dew::aws {

namespace {

enum Major : uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };
constexpr unsigned kIndefinite = 31;
constexpr uint64_t kTimeTag = 1;

std::unexpected<ApiError> wrong(std::string message) {
  return fail("SerializationException", std::move(message));
}

double half(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const double mantissa = bits & 0x3ff;
  double out = std::ldexp(mantissa + (exponent ? 1024 : 0), (exponent ? exponent : 1) - 25);
  if (exponent == 0x1f)
    out = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
  return (bits & 0x8000) != 0 ? -out : out;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  ApiResult<json::Value> document() {
    TRY(auto out, item(0));
    if (!rest_.empty()) return wrong("The CBOR body has bytes after its end");
    return out;
  }

 private:
  struct Head {
    Major major;
    unsigned info;
    uint64_t value = 0;
    bool indefinite() const { return info == kIndefinite; }
  };

  ApiResult<Head> head() {
    if (rest_.empty()) return wrong("The CBOR body ends too early");
    const auto first = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    Head out{static_cast<Major>(first >> 5), first & 0x1fU};
    if (out.info < 24) {
      out.value = out.info;
      return out;
    }
    if (out.indefinite()) return out;
    if (out.info > 27) return wrong("The CBOR body has an item of no known form");
    const size_t size = size_t{1} << (out.info - 24);
    if (rest_.size() < size) return wrong("The CBOR body ends too early");
    for (size_t i = 0; i < size; ++i)
      out.value = out.value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return out;
  }

  bool accept_break() {
    if (!rest_.starts_with('\xff')) return false;
    rest_.remove_prefix(1);
    return true;
  }

  ApiResult<json::Value> item(size_t depth) {
    if (depth > limits::kJsonDepth) return wrong("The CBOR body is nested too deeply");
    TRY(const auto at, head());
    switch (at.major) {
      case kUnsigned:
        if (at.indefinite()) break;
        if (at.value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
          return json::Value(static_cast<int64_t>(at.value));
        return json::Value(at.value);
      case kNegative:
        if (at.indefinite()) break;
        if (at.value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
          return wrong("The CBOR body has a number out of range");
        return json::Value(-1 - static_cast<int64_t>(at.value));
      case kBytes:
      case kText: {
        TRY(auto text, string(at));
        return json::Value(text);
      }
      case kArray:
        return array(at, depth);
      case kMap:
        return map(at, depth);
      case kTag:
        return tagged(at, depth);
      case kSimple:
        return simple(at);
    }
    return wrong("The CBOR body has an item of no known form");
  }

  ApiResult<std::string> string(const Head& at) {
    if (!at.indefinite()) {
      if (rest_.size() < at.value) return wrong("The CBOR body ends too early");
      std::string out(rest_.substr(0, at.value));
      rest_.remove_prefix(at.value);
      return out;
    }
    std::string out;
    while (!accept_break()) {
      TRY(const auto chunk, head());
      if (chunk.major != at.major || chunk.indefinite())
        return wrong("The CBOR body has a string of no known form");
      TRY(const auto part, string(chunk));
      out += part;
    }
    return out;
  }

  ApiResult<json::Value> array(const Head& at, size_t depth) {
    json::Array out;
    for (uint64_t i = 0; at.indefinite() ? !accept_break() : i < at.value; ++i) {
      TRY(auto element, item(depth + 1));
      out.push_back(std::move(element));
    }
    return json::Value(std::move(out));
  }

  ApiResult<json::Value> map(const Head& at, size_t depth) {
    json::Object out;
    for (uint64_t i = 0; at.indefinite() ? !accept_break() : i < at.value; ++i) {
      TRY(const auto key, head());
      if (key.major != kText) return wrong("The CBOR body has a key that is no text");
      TRY(const auto name, string(key));
      TRY(out[name], item(depth + 1));
    }
    return json::Value(std::move(out));
  }

  ApiResult<json::Value> tagged(const Head& at, size_t depth) {
    if (at.indefinite() || at.value != kTimeTag)
      return wrong("The CBOR body has a tag other than 1");
    TRY(auto time, item(depth + 1));
    if (!time.is_number()) return wrong("The CBOR body has a time that is no number");
    return time;
  }

  static ApiResult<json::Value> simple(const Head& at) {
    switch (at.info) {
      case 20:
        return json::Value(false);
      case 21:
        return json::Value(true);
      case 22:
      case 23:
        return json::Value();
      case 25:
        return json::Value(half(static_cast<uint16_t>(at.value)));
      case 26:
        return json::Value(
            static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(at.value))));
      case 27:
        return json::Value(std::bit_cast<double>(at.value));
      default:
        return wrong("The CBOR body has an item of no known form");
    }
  }

  std::string_view rest_;
};

void append_head(Major major, uint64_t value, std::string& out) {
  const auto first = static_cast<unsigned>(major) << 5;
  if (value < 24) {
    out += static_cast<char>(first | static_cast<unsigned>(value));
    return;
  }
  int bytes = 1;
  unsigned info = 24;
  while (bytes < 8 && value >> (8 * bytes) != 0) {
    bytes *= 2;
    ++info;
  }
  out += static_cast<char>(first | info);
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

void append_double(double value, std::string& out) {
  const auto bits = std::bit_cast<uint64_t>(value);
  out += static_cast<char>(kSimple << 5 | 27);
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(bits >> shift & 0xff);
}

void append_number(const json::Value& value, Kind kind, std::string& out) {
  if (value.is_double() || kind == Kind::kFloat || kind == Kind::kDouble)
    return append_double(value.to_number<double>(), out);
  if (value.is_uint64()) return append_head(kUnsigned, value.get_uint64(), out);
  const int64_t number = value.get_int64();
  if (number >= 0) return append_head(kUnsigned, static_cast<uint64_t>(number), out);
  append_head(kNegative, static_cast<uint64_t>(-1 - number), out);
}

ApiResult<void> structure(const Shape& shape, json::Value& value) {
  if (!value.is_object()) return wrong("Unexpected value type in payload");
  json::Object out;
  for (auto& entry : value.get_object()) {
    const Member* member = shape.find(entry.key());
    if (member == nullptr || entry.value().is_null()) continue;
    CHECK_OK(from_wire_cbor(*member, entry.value()));
    out[entry.key()] = std::move(entry.value());
  }
  value = std::move(out);
  return {};
}

bool fits(Kind kind, const json::Value& value) {
  switch (kind) {
    case Kind::kString:
    case Kind::kBlob:
      return value.is_string();
    case Kind::kBoolean:
      return value.is_bool();
    case Kind::kInteger:
    case Kind::kLong:
      return value.is_int64() || value.is_uint64();
    default:
      return value.is_number();
  }
}

}  // namespace

ApiResult<json::Value> parse_cbor(std::string_view bytes) { return Reader(bytes).document(); }

ApiResult<void> from_wire_cbor(const Member& member, json::Value& value) {
  const Shape& shape = *member.shape;
  switch (shape.kind) {
    case Kind::kStructure:
      return structure(shape, value);
    case Kind::kList:
      if (!value.is_array()) return wrong("Unexpected value type in payload");
      for (auto& element : value.get_array()) CHECK_OK(from_wire_cbor(shape.element, element));
      return {};
    case Kind::kMap:
      if (!value.is_object()) return wrong("Unexpected value type in payload");
      for (auto& entry : value.get_object()) CHECK_OK(from_wire_cbor(shape.element, entry.value()));
      return {};
    default:
      break;
  }
  // A whole number may come as a float.
  if ((shape.kind == Kind::kInteger || shape.kind == Kind::kLong) && value.is_double()) {
    boost::system::error_code error;
    const auto whole = value.to_number<int64_t>(error);
    if (!error) value = whole;
  }
  if (!fits(shape.kind, value)) return wrong("Unexpected value type in payload");
  return {};
}

void append_cbor_text(std::string_view text, std::string& out) {
  append_head(kText, text.size(), out);
  out += text;
}

void append_cbor_map(size_t entries, std::string& out) { append_head(kMap, entries, out); }

void to_wire_cbor(const Member& member, const json::Value& value, std::string& out) {
  const Shape& shape = *member.shape;
  switch (shape.kind) {
    case Kind::kStructure: {
      size_t known = 0;
      for (const auto& one : shape.members) known += json::find(value, one.name) ? 1 : 0;
      append_cbor_map(known, out);
      for (const auto& one : shape.members) {
        const auto* found = json::find(value, one.name);
        if (found == nullptr) continue;
        append_cbor_text(one.name, out);
        to_wire_cbor(one, *found, out);
      }
      return;
    }
    case Kind::kList:
      append_head(kArray, value.is_array() ? value.get_array().size() : 0, out);
      if (!value.is_array()) return;
      for (const auto& element : value.get_array()) to_wire_cbor(shape.element, element, out);
      return;
    case Kind::kMap:
      append_cbor_map(value.is_object() ? value.get_object().size() : 0, out);
      if (!value.is_object()) return;
      for (const auto& entry : value.get_object()) {
        append_cbor_text(entry.key(), out);
        to_wire_cbor(shape.element, entry.value(), out);
      }
      return;
    default:
      break;
  }
  if (value.is_string()) {
    const auto text = json::view(value.get_string());
    append_head(shape.kind == Kind::kBlob ? kBytes : kText, text.size(), out);
    out += text;
  } else if (value.is_bool()) {
    out += value.get_bool() ? '\xf5' : '\xf4';
  } else if (value.is_number()) {
    if (shape.kind == Kind::kTimestamp) {
      append_head(kTag, kTimeTag, out);
      append_double(value.to_number<double>(), out);
    } else {
      append_number(value, shape.kind, out);
    }
  } else {
    out += '\xf6';
  }
}

}  // namespace dew::aws
