#include "aws/protocol_rest.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "aws/timestamp.h"
#include "aws/uri.h"
#include "base/encoding.h"
#include "base/log.h"

namespace dew::aws {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool istarts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && http::iequals(text.substr(0, prefix.size()), prefix);
}

std::unexpected<ApiError> wrong_text(std::string_view type, std::string_view article) {
  return fail("SerializationException",
              fmt::format("STRING_VALUE can not be converted to {} {}", article, type));
}

// A list header's elements: comma-separated; a double quote protects commas; rfc822 dates have one
// of their own.
std::vector<std::string> split_header_list(const Member& element, std::string_view text) {
  std::vector<std::string> out;
  const bool dates = element.shape->kind == Kind::kTimestamp &&
                     (element.timestamp_format == TimestampFormat::kDefault ||
                      element.timestamp_format == TimestampFormat::kRfc822);
  std::string current;
  bool quoted = false;
  int commas = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && trim(current).empty() && !quoted) {
      quoted = true;
      current.clear();
    } else if (quoted && c == '\\' && i + 1 < text.size()) {
      current += text[++i];
    } else if (quoted && c == '"') {
      quoted = false;
    } else if (c == ',' && !quoted && !(dates && ++commas % 2 == 1)) {
      out.emplace_back(trim(current));
      current.clear();
    } else {
      current += c;
    }
  }
  out.emplace_back(trim(current));
  return out;
}

std::string quote_header_element(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

ApiResult<json::Value> from_header(const Member& member, std::string_view text) {
  if (member.json_value) {
    const auto decoded = base64_decode(text);
    if (!decoded || !json::check(*decoded))
      return fail("SerializationException", "Invalid JSON in a header");
    return json::Value(*decoded);
  }
  if (member.shape->kind != Kind::kList)
    return scalar_from_text(member, text, TimestampFormat::kRfc822);
  json::Array out;
  for (const auto& part : split_header_list(member.shape->element, text)) {
    TRY(auto element, scalar_from_text(member.shape->element, part, TimestampFormat::kRfc822));
    out.push_back(std::move(element));
  }
  return json::Value(std::move(out));
}

class InputReader {
 public:
  InputReader(const Operation& operation, const http::Request& request)
      : operation_(operation), request_(request), query_(parse_query(request.query())) {}

  ApiResult<json::Object> read() {
    json::Object out;
    const auto labels = match_path(operation_.uri, request_.path());
    for (const Member& member : operation_.input.shape->members) {
      switch (member.location) {
        case Location::kUri:
          for (const auto& [name, text] : labels.value_or(Labels{})) {
            if (name != member.wire_name) continue;
            TRY(auto value, scalar_from_text(member, text, TimestampFormat::kIso8601));
            out[member.name] = std::move(value);
          }
          break;
        case Location::kQuery:
          CHECK_OK(query(member, out));
          break;
        case Location::kHeader:
          CHECK_OK(header(member, out));
          break;
        case Location::kHeaders:
          prefixed(member, out);
          break;
        default:
          break;
      }
    }
    return out;
  }

 private:
  ApiResult<void> query(const Member& member, json::Object& out) const {
    const Shape& shape = *member.shape;
    if (shape.kind == Kind::kMap) {
      query_map(shape, member, out);
      return {};
    }
    json::Array list;
    for (const auto& parameter : query_) {
      if (parameter.name != member.wire_name) continue;
      const Member& scalar = shape.kind == Kind::kList ? shape.element : member;
      TRY(auto value, scalar_from_text(scalar, parameter.value, TimestampFormat::kIso8601));
      if (shape.kind != Kind::kList) {
        out[member.name] = std::move(value);
        return {};
      }
      list.push_back(std::move(value));
    }
    if (!list.empty()) out[member.name] = std::move(list);
    return {};
  }

  // Every parameter that no other member and no part of the URI claims.
  void query_map(const Shape& shape, const Member& member, json::Object& out) const {
    json::Object map;
    for (const auto& parameter : query_) {
      bool claimed = false;
      for (const Member& other : operation_.input.shape->members) {
        claimed |= other.location == Location::kQuery && &other != &member &&
                   other.wire_name == parameter.name;
      }
      for (const auto& [name, value] : operation_.uri.query) claimed |= name == parameter.name;
      if (claimed || parameter.name.starts_with("X-Amz-")) continue;
      if (shape.element.shape->kind != Kind::kList) {
        map[parameter.name] = parameter.value;
        continue;
      }
      auto& list = map[parameter.name];
      if (!list.is_array()) list.emplace_array();
      list.get_array().emplace_back(parameter.value);
    }
    if (!map.empty()) out[member.name] = std::move(map);
  }

  ApiResult<void> header(const Member& member, json::Object& out) const {
    if (!request_.headers.has(member.wire_name)) return {};
    std::string text(request_.headers.get(member.wire_name));
    if (member.shape->kind == Kind::kList) {  // repeated headers are one list
      bool first = true;
      for (const auto& entry : request_.headers) {
        if (!http::iequals(entry.name, member.wire_name)) continue;
        if (!first) text += "," + entry.value;
        first = false;
      }
    }
    if (text.empty() && member.shape->kind == Kind::kList) {
      out[member.name] = json::Array();
      return {};
    }
    TRY(auto value, from_header(member, text));
    out[member.name] = std::move(value);
    return {};
  }

  void prefixed(const Member& member, json::Object& out) const {
    json::Object map;
    const std::string_view prefix = member.renamed ? std::string_view(member.wire_name) : "";
    for (const auto& entry : request_.headers) {
      if (!istarts_with(entry.name, prefix)) continue;
      std::string key = entry.name.substr(prefix.size());
      // S3 keeps user metadata in lower case.
      if (!prefix.empty()) {
        for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      }
      map[key] = entry.value;
    }
    if (!map.empty()) out[member.name] = std::move(map);
  }

  const Operation& operation_;
  const http::Request& request_;
  std::vector<QueryParameter> query_;
};

bool has_body_members(const Shape& shape) {
  for (const auto& member : shape.members) {
    if (member.location == Location::kBody) return true;
  }
  return false;
}

}  // namespace

ApiResult<json::Value> scalar_from_text(const Member& member, std::string_view text,
                                        TimestampFormat fallback) {
  switch (member.shape->kind) {
    case Kind::kString:
      return json::Value(text);
    case Kind::kBoolean:
      if (http::iequals(text, "true")) return json::Value(true);
      if (http::iequals(text, "false")) return json::Value(false);
      return wrong_text("Boolean", "a");
    case Kind::kInteger:
    case Kind::kLong: {
      text = trim(text);
      int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool fits =
          member.shape->kind == Kind::kLong || (number >= INT32_MIN && number <= INT32_MAX);
      if (error != std::errc() || end != text.data() + text.size() || !fits) {
        return member.shape->kind == Kind::kLong ? wrong_text("Long", "a")
                                                 : wrong_text("Integer", "an");
      }
      return json::Value(number);
    }
    case Kind::kFloat:
    case Kind::kDouble: {
      text = trim(text);
      if (text == "NaN") return json::Value(std::nan(""));
      if (text == "Infinity") return json::Value(HUGE_VAL);
      if (text == "-Infinity") return json::Value(-HUGE_VAL);
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size())
        return wrong_text("Double", "a");
      return json::Value(number);
    }
    case Kind::kTimestamp: {
      const auto format =
          member.timestamp_format == TimestampFormat::kDefault ? fallback : member.timestamp_format;
      text = trim(text);
      std::optional<double> seconds;
      if (format == TimestampFormat::kRfc822) seconds = parse_rfc822(text);
      if (!seconds) seconds = parse_timestamp(text);
      if (!seconds)
        return fail("SerializationException", fmt::format("{} is not a valid timestamp", text));
      return json::Value(*seconds);
    }
    case Kind::kBlob: {
      auto bytes = base64_decode(trim(text));
      if (!bytes)
        return fail("SerializationException",
                    "only base-64-encoded strings are convertible to bytes");
      return json::Value(*bytes);
    }
    default:
      return fail("SerializationException",
                  "Unexpected value where a structure, list or map is expected");
  }
}

std::string scalar_to_text(const Member& member, const json::Value& value, TimestampFormat fallback,
                           bool always_ms) {
  switch (value.kind()) {
    case boost::json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case boost::json::kind::string: {
      const auto text = json::view(value.get_string());
      if (member.shape->kind == Kind::kBlob || member.json_value) return base64_encode(text);
      return std::string(text);
    }
    case boost::json::kind::null:
    case boost::json::kind::object:
    case boost::json::kind::array:
      return {};
    default:
      break;
  }
  if (member.shape->kind == Kind::kTimestamp) {
    const auto format =
        member.timestamp_format == TimestampFormat::kDefault ? fallback : member.timestamp_format;
    const double seconds = value.to_number<double>();
    if (format == TimestampFormat::kIso8601) {
      return format_iso8601(seconds, always_ms ? Millis::kAlways : Millis::kIfAny);
    }
    return format == TimestampFormat::kRfc822 ? format_rfc822(seconds) : format_unix(seconds);
  }
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  const double number = value.get_double();
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", number);
}

ApiResult<json::Object> RestProtocol::parse(const ServiceModel& service, const Operation& operation,
                                            http::Request& request, json::Arena& /*arena*/) const {
  if (!operation.input) return json::Object();
  const Shape& shape = *operation.input.shape;
  TRY(auto out, InputReader(operation, request).read());
  if (request.body.empty()) return out;
  if (shape.payload) {
    const Member& payload = *shape.payload;
    if (payload.shape->kind == Kind::kBlob || payload.shape->kind == Kind::kString) {
      out[payload.name] = json::Value(request.body);
      return out;
    }
    TRY(auto value, read_body(service, payload, request.body));
    if (!value.is_null()) out[payload.name] = std::move(value);
    return out;
  }
  if (!has_body_members(shape)) return out;
  TRY(auto value, read_body(service, operation.input, request.body));
  if (auto* object = value.if_object()) {
    for (auto& entry : *object) out[entry.key()] = std::move(entry.value());
  }
  return out;
}

int RestProtocol::write_headers(const ServiceModel& service, const Shape& shape,
                                const json::Object& value, http::Headers& headers) {
  int status = 0;
  for (const auto& entry : value) {
    const Member* member = shape.find(entry.key());
    if (!member) {
      log::error("{}: output member {} is not in the model of {}: left out", service.name,
                 std::string_view(entry.key()), shape.name);
      continue;
    }
    if (entry.value().is_null()) continue;
    if (member->location == Location::kStatus && entry.value().is_int64()) {
      status = static_cast<int>(entry.value().get_int64());
    } else if (member->location == Location::kHeader) {
      std::string text;
      if (const auto* array = entry.value().if_array()) {
        for (const auto& element : *array) {
          if (!text.empty()) text += ", ";
          const auto one =
              scalar_to_text(member->shape->element, element, TimestampFormat::kRfc822);
          text +=
              member->shape->element.shape->kind == Kind::kString ? quote_header_element(one) : one;
        }
      } else {
        text = scalar_to_text(*member, entry.value(), TimestampFormat::kRfc822);
      }
      headers.set(member->wire_name, text);
    } else if (member->location == Location::kHeaders && entry.value().is_object()) {
      const std::string prefix = member->renamed ? member->wire_name : "";
      for (const auto& header : entry.value().get_object()) {
        if (header.value().is_string()) {
          headers.set(prefix + std::string(header.key()), json::view(header.value().get_string()));
        }
      }
    }
  }
  return status;
}

http::Response RestProtocol::render(const ReplyTo& to, const json::Value& output) const {
  http::Response out;
  out.status = to.operation->status;
  const Member& root = to.operation->output;
  static const json::Object kNothing;
  const json::Object& value = output.is_object() ? output.get_object() : kNothing;
  if (!root) {
    if (out.status != 204) out.body = empty_body();
    if (!out.body.empty()) out.headers.set("Content-Type", content_type());
    return out;
  }
  const Shape& shape = *root.shape;
  if (const int status = write_headers(to.service, shape, value, out.headers)) out.status = status;
  if (shape.payload) {
    const Member& payload = *shape.payload;
    const auto* body = json::find(value, payload.name);
    const bool raw = payload.shape->kind == Kind::kBlob || payload.shape->kind == Kind::kString;
    if (raw) {
      if (body && body->is_string()) out.body = json::view(body->get_string());
      if (!out.body.empty() && !out.headers.has("Content-Type")) {
        out.headers.set("Content-Type", payload.shape->kind == Kind::kBlob
                                            ? "application/octet-stream"
                                            : "text/plain");
      }
    } else if (payload.shape->is_document) {
      if (body) out.body = json::dump(*body);
      out.headers.set("Content-Type", content_type());
    } else if (body && body->is_object()) {
      write_body(to.service, payload, body->get_object(), out.body);
      out.headers.set("Content-Type", content_type());
    }
    return out;
  }
  if (has_body_members(shape)) {
    write_body(to.service, root, value, out.body);
  } else if (out.status != 204) {
    out.body = empty_body();
  }
  if (!out.body.empty() && !out.headers.has("Content-Type"))
    out.headers.set("Content-Type", content_type());
  return out;
}

}  // namespace dew::aws
