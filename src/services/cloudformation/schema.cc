#include "services/cloudformation/schema.h"

#include <charconv>
#include <cstdlib>

#include "base/whole_number.h"
#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

class SchemaReader {
 public:
  explicit SchemaReader(std::string_view text) : rest_(text) {}

  std::shared_ptr<const Shape> members(std::string_view end) {
    auto shape = std::make_shared<Shape>();
    shape->kind = Kind::kObject;
    while (true) {
      auto word = next();
      if (word == end) return shape;
      if (word.empty()) broken();
      if (word == "*") {
        shape->open = true;
        continue;
      }
      Property property;
      while (word.ends_with('!') || word.ends_with('~')) {
        (word.back() == '!' ? property.required : property.replaces) = true;
        word.remove_suffix(1);
      }
      property.name = word;
      property.shape = type();
      shape->members.push_back(std::move(property));
    }
  }

 private:
  [[noreturn]] static void broken() { std::abort(); }

  std::string_view next() {
    const auto begin = rest_.find_first_not_of(" \n");
    if (begin == std::string_view::npos) return {};
    rest_.remove_prefix(begin);
    const auto end = std::min(rest_.find_first_of(" \n"), rest_.size());
    const auto word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return word;
  }

  std::shared_ptr<const Shape> type() {
    const auto word = next();
    auto shape = std::make_shared<Shape>();
    if (word == "{") return members("}");
    if (word == "[" || word == "<") {
      shape->kind = word == "[" ? Kind::kList : Kind::kMap;
      shape->item = type();
      if (next() != (word == "[" ? "]" : ">")) broken();
      return shape;
    }
    static const std::map<std::string_view, Kind> kKinds = {
        {"string", Kind::kString},          {"int", Kind::kInteger}, {"number", Kind::kNumber},
        {"bool", Kind::kBoolean},           {"json", Kind::kJson},   {"any", Kind::kAny},
        {"unsupported", Kind::kUnsupported}};
    const auto it = kKinds.find(word);
    if (it == kKinds.end()) broken();
    shape->kind = it->second;
    return shape;
  }

  std::string_view rest_;
};

void check_value(const Shape& shape, const json::Value& value, const std::string& path,
                 std::vector<std::string>& findings) {
  const auto [function, argument] = as_function(value);
  if (shape.kind == Kind::kUnsupported) {
    if (function == "Ref" && argument->is_string() && argument->as_string() == "AWS::NoValue")
      return;
    findings.push_back(path + ": Dewpoint does not support this property yet");
    return;
  }
  if (argument != nullptr && function != "Condition") {
    // Both branches of a condition are checked; what any other function gives is known later.
    if (function == "Fn::If" && argument->is_array() && argument->as_array().size() == 3) {
      check_value(shape, argument->as_array()[1], path, findings);
      check_value(shape, argument->as_array()[2], path, findings);
    }
    return;
  }
  switch (shape.kind) {
    case Kind::kObject:
      if (!value.is_object()) {
        findings.push_back(path + ": must be a map");
      } else {
        check_properties(shape, value.as_object(), path, findings);
      }
      return;
    case Kind::kMap:
      if (!value.is_object()) {
        findings.push_back(path + ": must be a map");
      } else {
        for (const auto& [name, member] : value.as_object()) {
          check_value(*shape.item, member, path + "/" + std::string(name), findings);
        }
      }
      return;
    case Kind::kList:
      if (!value.is_array()) {
        findings.push_back(path + ": must be a list");
      } else {
        size_t i = 0;
        for (const auto& item : value.as_array()) {
          check_value(*shape.item, item, fmt::format("{}/{}", path, i++), findings);
        }
      }
      return;
    case Kind::kJson:
    case Kind::kAny:
      return;
    default:
      if (auto coerced = coerce(shape, value, path); !coerced)
        findings.push_back(coerced.error().message);
  }
}

ApiResult<json::Value> coerce_scalar(const Shape& shape, json::Value value,
                                     const std::string& path) {
  const auto wrong = [&](std::string_view type) {
    return invalid(fmt::format("{}: must be {}", path, type));
  };
  const auto text = to_text(value);
  if (!text) {
    return wrong(shape.kind == Kind::kString    ? "a string"
                 : shape.kind == Kind::kBoolean ? "a boolean"
                                                : "a number");
  }
  if (shape.kind == Kind::kString) return json::String(*text);
  if (shape.kind == Kind::kBoolean) {
    if (*text == "true" || *text == "True" || *text == "TRUE") return true;
    if (*text == "false" || *text == "False" || *text == "FALSE") return false;
    return wrong("a boolean");
  }
  const auto* begin = text->data();
  const auto* end = begin + text->size();
  if (shape.kind == Kind::kInteger) {
    int64_t whole = 0;
    const auto [at, error] = std::from_chars(begin, end, whole);
    if (error == std::errc{} && at == end) return whole;
    double real = 0;
    const auto [rest, failed] = std::from_chars(begin, end, real);
    if (failed == std::errc{} && rest == end) {
      if (const auto number = whole_number(real)) return *number;
    }
    return wrong("a whole number");
  }
  double real = 0;
  const auto [at, error] = std::from_chars(begin, end, real);
  if (error != std::errc{} || at != end) return wrong("a number");
  return real;
}

}  // namespace

const Property* Shape::member(std::string_view name) const {
  for (const auto& property : members) {
    if (property.name == name) return &property;
  }
  return nullptr;
}

std::shared_ptr<const Shape> parse_schema(std::string_view text) {
  return SchemaReader(text).members("");
}

void check_properties(const Shape& shape, const json::Object& properties, const std::string& path,
                      std::vector<std::string>& findings) {
  for (const auto& [name, value] : properties) {
    const auto* property = shape.member(name);
    const auto where = path + "/" + std::string(name);
    if (property == nullptr) {
      if (shape.open) continue;
      findings.push_back(where + ": Encountered unsupported property " + std::string(name));
    } else {
      check_value(*property->shape, value, where, findings);
    }
  }
  for (const auto& property : shape.members) {
    if (property.required && !properties.contains(property.name)) {
      findings.push_back(fmt::format("{}: the property {} is required", path, property.name));
    }
  }
}

ApiResult<json::Value> coerce(const Shape& shape, json::Value value, const std::string& path) {
  switch (shape.kind) {
    case Kind::kUnsupported:
      return invalid(path + ": Dewpoint does not support this property yet");
    case Kind::kAny:
      return value;
    case Kind::kJson:
      if (value.is_object() || value.is_array()) return value;
      if (value.is_string()) {
        if (auto parsed = json::parse(json::view(value.as_string())); parsed && parsed->is_object())
          return *parsed;
      }
      return invalid(path + ": must be a JSON object");
    case Kind::kObject: {
      if (!value.is_object()) return invalid(path + ": must be a map");
      for (const auto& property : shape.members) {
        if (property.required && !value.as_object().contains(property.name)) {
          return invalid(fmt::format("{}: the property {} is required", path, property.name));
        }
      }
      for (auto& [name, member] : value.as_object()) {
        const auto* property = shape.member(name);
        if (property == nullptr && shape.open) continue;
        if (property == nullptr)
          return invalid(
              fmt::format("{}: Encountered unsupported property {}", path, std::string(name)));
        TRY(member, coerce(*property->shape, std::move(member), path + "/" + std::string(name)));
      }
      return value;
    }
    case Kind::kMap:
      if (!value.is_object()) return invalid(path + ": must be a map");
      for (auto& [name, member] : value.as_object()) {
        TRY(member, coerce(*shape.item, std::move(member), path + "/" + std::string(name)));
      }
      return value;
    case Kind::kList: {
      // A single value where a list is expected counts as a list of one.
      if (!value.is_array()) value = json::Array{std::move(value)};
      size_t i = 0;
      for (auto& item : value.as_array()) {
        TRY(item, coerce(*shape.item, std::move(item), fmt::format("{}/{}", path, i++)));
      }
      return value;
    }
    default:
      return coerce_scalar(shape, std::move(value), path);
  }
}

}  // namespace dew::cloudformation
