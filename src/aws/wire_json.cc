#include "aws/wire_json.h"

#include <fmt/format.h>

#include <cmath>

#include "aws/timestamp.h"
#include "base/encoding.h"
#include "base/log.h"
#include "net/http.h"

namespace dew::aws {

namespace {

// A value stands in a structure, or in a list or map (or is the whole body): DynamoDB's
// deserializer words the same mistake differently.
enum class Place { kField, kElement };

std::string_view token(const json::Value& value) {
  switch (value.kind()) {
    case boost::json::kind::bool_:
      return value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "NUMBER_VALUE";
    case boost::json::kind::double_:
      return "DECIMAL_VALUE";
    default:
      return "STRING_VALUE";
  }
}

struct JavaType {
  std::string_view name;
  std::string_view article;
};

JavaType java_type(Kind kind) {
  switch (kind) {
    case Kind::kString:
      return {"String", "a"};
    case Kind::kBoolean:
      return {"Boolean", "a"};
    case Kind::kInteger:
      return {"Integer", "an"};
    case Kind::kLong:
      return {"Long", "a"};
    case Kind::kFloat:
      return {"Float", "a"};
    default:
      return {"Double", "a"};
  }
}

class Reader {
 public:
  explicit Reader(const ServiceModel& service)
      : dynamodb_(service.name == "dynamodb"), service_(service) {}

  ApiResult<void> read(const Member& member, json::Value& value, Place place) {
    const Shape& shape = *member.shape;
    if (shape.is_document) return {};
    switch (shape.kind) {
      case Kind::kStructure:
        return structure(shape, value, place);
      case Kind::kList:
        return list(shape, value);
      case Kind::kMap:
        return map(shape, value);
      case Kind::kString:
        if (value.is_string()) return {};
        return wrong_scalar(shape.kind, value);
      case Kind::kBoolean:
        return boolean(value);
      case Kind::kInteger:
      case Kind::kLong:
        return integer(shape.kind, value);
      case Kind::kFloat:
      case Kind::kDouble:
        return floating(shape.kind, value);
      case Kind::kTimestamp:
        return timestamp(member, value);
      case Kind::kBlob:
        return blob(value);
    }
    return {};
  }

 private:
  static std::unexpected<ApiError> wrong(std::string message) {
    return fail("SerializationException", std::move(message));
  }

  std::unexpected<ApiError> wrong_scalar(Kind kind, const json::Value& value) const {
    const auto [name, article] = java_type(kind);
    if (dynamodb_) {
      if (value.is_array())
        return wrong(fmt::format("Unrecognized collection type class java.lang.{}", name));
      if (value.is_object()) return wrong("Start of structure or map found where not expected");
      return wrong(fmt::format("{} cannot be converted to {}", token(value), name));
    }
    if (value.is_array()) return wrong("Start of list found where not expected");
    if (value.is_object()) return wrong("Start of structure or map found where not expected.");
    return wrong(fmt::format("{} can not be converted to {} {}", token(value), article, name));
  }

  std::unexpected<ApiError> wrong_collection(const json::Value& value, Place place,
                                             std::string_view type) const {
    if (value.is_array()) {
      if (dynamodb_) return wrong(fmt::format("Unrecognized collection type {}", type));
      return wrong("Start of list found where not expected");
    }
    if (value.is_object()) {
      return wrong(dynamodb_ ? "Start of structure or map found where not expected"
                             : "Start of structure or map found where not expected.");
    }
    return wrong(place == Place::kField ? "Unexpected field type"
                                        : "Unexpected value type in payload");
  }

  std::string java_class(const Shape& shape) const {
    if (shape.kind == Kind::kString) return "java.lang.String";
    return fmt::format("com.amazonaws.dynamodb.v20120810.{}", shape.name);
  }

  ApiResult<void> structure(const Shape& shape, json::Value& value, Place place) {
    auto* object = value.if_object();
    if (!object) {
      return wrong_collection(value, place,
                              dynamodb_ ? "class " + java_class(shape) : std::string());
    }
    bool tidy = true;
    for (auto& entry : *object) {
      const Member* member = shape.find_wire(entry.key());
      if (!member || entry.value().is_null() ||
          (member->renamed && member->name != member->wire_name)) {
        tidy = false;
      }
      if (!member || entry.value().is_null()) continue;
      CHECK_OK(read(*member, entry.value(), Place::kField));
    }
    if (!tidy) rename(shape, *object);
    return {};
  }

  void rename(const Shape& shape, json::Object& object) const {
    json::Object out;
    out.reserve(object.size());
    for (auto& entry : object) {
      const Member* member = shape.find_wire(entry.key());
      if (member && !entry.value().is_null()) {
        out[member->name] = std::move(entry.value());
      } else if (!member) {
        log::debug("{}: unknown member {} of {} ignored", service_.name,
                   std::string_view(entry.key()), shape.name);
      }
    }
    object = std::move(out);
  }

  ApiResult<void> list(const Shape& shape, json::Value& value) {
    auto* array = value.if_array();
    if (!array) return wrong_collection(value, Place::kField, "");
    for (auto& element : *array) {
      if (element.is_null()) return wrong("Unexpected null element in a list");
      CHECK_OK(read(shape.element, element, Place::kElement));
    }
    return {};
  }

  ApiResult<void> map(const Shape& shape, json::Value& value) {
    auto* object = value.if_object();
    if (!object) {
      return wrong_collection(
          value, Place::kField,
          dynamodb_ && value.is_array()
              ? fmt::format("java.util.Map<java.lang.String, {}>", java_class(*shape.element.shape))
              : std::string());
    }
    bool nulls = false;
    for (auto& entry : *object) {
      if (entry.value().is_null()) {
        nulls = true;
        continue;
      }
      CHECK_OK(read(shape.element, entry.value(), Place::kElement));
    }
    if (nulls) {
      json::Object out;
      for (auto& entry : *object) {
        if (!entry.value().is_null()) out[entry.key()] = std::move(entry.value());
      }
      *object = std::move(out);
    }
    return {};
  }

  // Java's deserializer takes these words too.
  ApiResult<void> boolean(json::Value& value) const {
    if (value.is_bool()) return {};
    if (!value.is_string()) return wrong_scalar(Kind::kBoolean, value);
    const auto text = json::view(value.get_string());
    if (http::iequals(text, "true") || text == "1" || http::iequals(text, "yes")) {
      value = true;
    } else if (http::iequals(text, "false") || text == "0" || http::iequals(text, "no")) {
      value = false;
    } else {
      return wrong("Unexpected token received from parser");
    }
    return {};
  }

  ApiResult<void> integer(Kind kind, json::Value& value) const {
    if (value.is_int64() || value.is_uint64()) return {};
    if (!value.is_double()) return wrong_scalar(kind, value);
    const double number = value.get_double();
    constexpr double kLimit = 9.2e18;
    if (!(number > -kLimit && number < kLimit)) return wrong_scalar(kind, value);
    value = static_cast<int64_t>(std::floor(number));
    return {};
  }

  ApiResult<void> floating(Kind kind, json::Value& value) const {
    if (value.is_number()) return {};
    if (value.is_string()) {
      const auto text = json::view(value.get_string());
      if (text == "NaN") {
        value = std::nan("");
        return {};
      }
      if (text == "Infinity" || text == "-Infinity") {
        value = text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
        return {};
      }
    }
    return wrong_scalar(kind, value);
  }

  ApiResult<void> timestamp(const Member& member, json::Value& value) const {
    if (value.is_number()) return {};
    std::optional<double> parsed;
    if (value.is_string()) {
      const auto text = json::view(value.get_string());
      if (member.timestamp_format == TimestampFormat::kIso8601) parsed = parse_iso8601(text);
      if (member.timestamp_format == TimestampFormat::kRfc822) parsed = parse_rfc822(text);
    }
    if (!parsed) {
      if (value.is_array()) return wrong("Start of list found where not expected");
      if (value.is_object()) return wrong("Start of structure or map found where not expected.");
      return wrong(fmt::format("{} can not be converted to milliseconds since epoch",
                               value.is_string() ? "class java.lang.String" : token(value)));
    }
    value = *parsed;
    return {};
  }

  ApiResult<void> blob(json::Value& value) const {
    if (!value.is_string()) {
      if (value.is_array()) {
        return wrong(dynamodb_ ? "Unrecognized collection type class java.nio.ByteBuffer"
                               : "Start of list found where not expected");
      }
      if (value.is_object()) {
        return wrong(dynamodb_ ? "Start of structure or map found where not expected"
                               : "Start of structure or map found where not expected.");
      }
      return wrong("only base-64-encoded strings are convertible to bytes");
    }
    const auto text = json::view(value.get_string());
    if (text.size() % 4 != 0) {
      return wrong(fmt::format(
          "Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.size()));
    }
    auto bytes = base64_decode(text);
    if (!bytes) return wrong("Invalid last non-pad Base64 character dectected");
    value = *std::move(bytes);
    return {};
  }

  bool dynamodb_;
  const ServiceModel& service_;
};

void append_number(const json::Value& value, std::string& out) {
  char buffer[40];
  if (value.is_int64()) {
    out.append(buffer, fmt::format_to(buffer, "{}", value.get_int64()));
  } else if (value.is_uint64()) {
    out.append(buffer, fmt::format_to(buffer, "{}", value.get_uint64()));
  } else {
    const double number = value.get_double();
    if (std::isnan(number)) {
      out += "\"NaN\"";
    } else if (std::isinf(number)) {
      out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
      out.append(buffer, fmt::format_to(buffer, "{}", number));
    }
  }
}

void append_timestamp(TimestampFormat format, const json::Value& value, std::string& out) {
  if (!value.is_number()) {  // already text, as some services keep it
    append_json_string(value.is_string() ? json::view(value.get_string()) : "", out);
    return;
  }
  const double seconds = value.to_number<double>();
  switch (format) {
    case TimestampFormat::kIso8601:
      append_json_string(format_iso8601(seconds), out);
      break;
    case TimestampFormat::kRfc822:
      append_json_string(format_rfc822(seconds), out);
      break;
    default:
      out += format_unix(seconds);
  }
}

void append_members(const Shape& shape, const json::Object& object, bool body_only,
                    std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& entry : object) {
    if (entry.value().is_null()) continue;
    const Member* member = shape.find(entry.key());
    if (!member) {
      log::error("output member {} is not in the model of {}: left out",
                 std::string_view(entry.key()), shape.name);
      continue;
    }
    if (body_only && member->location != Location::kBody) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(member->wire_name, out);
    out += ':';
    to_wire_json(*member, entry.value(), out);
  }
  out += '}';
}

}  // namespace

ApiResult<void> from_wire_json(const ServiceModel& service, const Member& member,
                               json::Value& value) {
  return Reader(service).read(member, value, Place::kElement);
}

void append_json_string(std::string_view text, std::string& out) {
  static constexpr auto kPlain = [] {
    std::array<bool, 256> plain{};
    for (size_t c = 0x20; c < 256; ++c) plain[c] = c != '"' && c != '\\' && c != 0x7f;
    return plain;
  }();
  out += '"';
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (kPlain[c]) continue;
    out += text.substr(start, i - start);
    start = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        out += fmt::format("\\u{:04x}", c);
    }
  }
  out += text.substr(start);
  out += '"';
}

void to_wire_json(const Member& member, const json::Value& value, std::string& out) {
  const Shape& shape = *member.shape;
  if (shape.is_document) {
    out += json::dump(value);
    return;
  }
  switch (value.kind()) {
    case boost::json::kind::object: {
      const auto& object = value.get_object();
      if (shape.kind == Kind::kStructure) {
        append_members(shape, object, false, out);
        return;
      }
      out += '{';
      bool first = true;
      for (const auto& entry : object) {
        if (!first) out += ',';
        first = false;
        append_json_string(entry.key(), out);
        out += ':';
        if (shape.kind == Kind::kMap) {
          to_wire_json(shape.element, entry.value(), out);
        } else {
          out += json::dump(entry.value());
        }
      }
      out += '}';
      return;
    }
    case boost::json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!first) out += ',';
        first = false;
        if (shape.kind == Kind::kList) {
          to_wire_json(shape.element, element, out);
        } else {
          out += json::dump(element);
        }
      }
      out += ']';
      return;
    }
    case boost::json::kind::string:
      if (shape.kind == Kind::kBlob) {
        out += '"';
        out += base64_encode(json::view(value.get_string()));
        out += '"';
      } else {
        append_json_string(json::view(value.get_string()), out);
      }
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::null:
      out += "null";
      return;
    default:
      if (shape.kind == Kind::kTimestamp) {
        append_timestamp(member.timestamp_format, value, out);
      } else {
        append_number(value, out);
      }
  }
}

void to_wire_json_body(const Shape& shape, const json::Object& value, std::string& out) {
  append_members(shape, value, true, out);
}

}  // namespace dew::aws
