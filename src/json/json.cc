#include "json/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dew::json {

namespace {

// A number beyond a double's range is read as an infinity, which JSON cannot say.
bool all_finite(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::double_:
      return std::isfinite(value.get_double());
    case boost::json::kind::array:
      return std::ranges::all_of(value.get_array(), all_finite);
    case boost::json::kind::object:
      return std::ranges::all_of(value.get_object(),
                                 [](const auto& member) { return all_finite(member.value()); });
    default:
      return true;
  }
}

Result<Value> read(std::string_view text, Arena* arena) {
  boost::json::parse_options options;
  options.max_depth = limits::kJsonDepth;
  constexpr size_t kStackBytes =
      4096;  // most documents need no other memory for what is unfinished
  unsigned char stack[kStackBytes];
  boost::json::stream_parser parser({}, options, stack);
  if (arena != nullptr) parser.reset(arena);
  boost::system::error_code error;
  const size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && used < text.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (error)
    return fail(ErrorKind::kInvalid,
                fmt::format("not valid JSON: {} at byte {}", error.message(), used));
  return parser.release();
}

}  // namespace

Result<Value> parse(std::string_view text, Arena* arena) {
  auto out = read(text, arena);
  if (out && !all_finite(*out))
    return fail(ErrorKind::kInvalid, "not valid JSON: a number is beyond a double's range");
  return out;
}

Result<void> check(std::string_view text) {
  if (const auto value = read(text, nullptr); !value) return std::unexpected(value.error());
  return {};
}

std::string dump(const Value& value) { return boost::json::serialize(value); }

namespace {

void write_pretty(const Value& value, std::string& out, size_t indent) {
  if (value.is_object() && !value.get_object().empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!first) out += ",\n";
      first = false;
      out.append(indent + 2, ' ');
      out += boost::json::serialize(boost::json::string_view(member.key()));
      out += ": ";
      write_pretty(member.value(), out, indent + 2);
    }
    out += '\n';
    out.append(indent, ' ');
    out += '}';
  } else if (value.is_array() && !value.get_array().empty()) {
    out += "[\n";
    bool first = true;
    for (const auto& element : value.get_array()) {
      if (!first) out += ",\n";
      first = false;
      out.append(indent + 2, ' ');
      write_pretty(element, out, indent + 2);
    }
    out += '\n';
    out.append(indent, ' ');
    out += ']';
  } else {
    out += boost::json::serialize(value);
  }
}

}  // namespace

std::string dump_pretty(const Value& value) {
  std::string out;
  write_pretty(value, out, 0);
  return out;
}

const Value* find(const Object& object, std::string_view key) {
  return object.if_contains({key.data(), key.size()});
}

const Value* find(const Value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object ? find(*object, key) : nullptr;
}

std::optional<std::string_view> string_at(const Object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (!value || !value->is_string()) return std::nullopt;
  return view(value->get_string());
}

std::string string_or(const Object& object, std::string_view key, std::string_view fallback) {
  return std::string(string_at(object, key).value_or(fallback));
}

std::optional<int64_t> int_at(const Object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<int64_t>(error);
  if (error) return std::nullopt;
  return number;
}

std::optional<double> number_at(const Object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (!value || !value->is_number()) return std::nullopt;
  boost::system::error_code error;
  return value->to_number<double>(error);
}

std::optional<bool> bool_at(const Object& object, std::string_view key) {
  const auto* value = find(object, key);
  if (!value || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

const Object* object_at(const Object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value ? value->if_object() : nullptr;
}

const Array* array_at(const Object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value ? value->if_array() : nullptr;
}

}  // namespace dew::json
