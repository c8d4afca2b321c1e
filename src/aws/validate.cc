#include "aws/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dew::aws {

namespace {

// Java counts UTF-16 units.
size_t utf16_length(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0U) != 0x80U ? 1 : 0;
    units += byte >= 0xF0 ? 1 : 0;
  }
  return units;
}

std::string lower_first(std::string_view name) {
  std::string out(name);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] + 32);
  return out;
}

// A value as Java's toString() shows it.
void show(const json::Value& value, std::string& out) {
  if (out.size() > kMaxShownValue) return;
  switch (value.kind()) {
    case boost::json::kind::string:
      out += json::view(value.get_string()).substr(0, kMaxShownValue);
      break;
    case boost::json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!first) out += ", ";
        first = false;
        show(element, out);
      }
      out += ']';
      break;
    }
    case boost::json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& entry : value.get_object()) {
        if (!first) out += ", ";
        first = false;
        out += entry.key();
        out += '=';
        show(entry.value(), out);
      }
      out += '}';
      break;
    }
    default:
      out += json::dump(value);
  }
}

class Validator {
 public:
  void structure(const Shape& shape, const json::Object& value, const std::string& path) {
    for (const Member& member : shape.members) {
      if (full()) return;
      if (!member.required && !member.shape->constrained) continue;
      const auto* found = json::find(value, member.name);
      if (!found) {
        if (member.required) {
          errors_.push_back(fmt::format(
              "Value null at '{}' failed to satisfy constraint: Member must not be null",
              join(path, member.name)));
        }
        continue;
      }
      if (member.shape->constrained) check(*member.shape, *found, path, member.name);
    }
  }

  std::string message() const {
    std::string out = fmt::format("{} validation error{} detected: ", errors_.size(),
                                  errors_.size() > 1 ? "s" : "");
    for (size_t i = 0; i < errors_.size(); ++i) {
      if (i > 0) out += "; ";
      out += errors_[i];
    }
    return out;
  }
  bool ok() const { return errors_.empty(); }

 private:
  bool full() const { return errors_.size() >= kMaxValidationErrors; }

  static std::string join(const std::string& path, std::string_view name) {
    return path.empty() ? lower_first(name) : path + "." + lower_first(name);
  }

  void add(const Shape& shape, const json::Value& value, const std::string& path,
           std::string_view name, std::string constraint) {
    if (full()) return;
    if (shape.is_sensitive) {
      errors_.push_back(fmt::format("Value at '{}' failed to satisfy constraint: {}",
                                    join(path, name), constraint));
      return;
    }
    std::string shown;
    show(value, shown);
    if (shown.size() > kMaxShownValue) shown.resize(kMaxShownValue);
    errors_.push_back(fmt::format("Value '{}' at '{}' failed to satisfy constraint: {}", shown,
                                  join(path, name), constraint));
  }

  void check(const Shape& shape, const json::Value& value, const std::string& path,
             std::string_view name) {
    switch (shape.kind) {
      case Kind::kStructure:
        if (const auto* object = value.if_object()) structure(shape, *object, join(path, name));
        break;
      case Kind::kList: {
        const auto* array = value.if_array();
        if (!array) break;
        length(shape, value, array->size(), path, name);
        if (!shape.element.shape->constrained) break;
        for (size_t i = 0; i < array->size() && !full(); ++i) {
          check_element(shape.element, (*array)[i], path, name, std::to_string(i + 1));
        }
        break;
      }
      case Kind::kMap:
        map(shape, value, path, name);
        break;
      case Kind::kString:
        if (value.is_string()) string(shape, value, json::view(value.get_string()), path, name);
        break;
      case Kind::kBlob:
        if (value.is_string()) length(shape, value, value.get_string().size(), path, name);
        break;
      case Kind::kInteger:
      case Kind::kLong:
      case Kind::kFloat:
      case Kind::kDouble:
        range(shape, value, path, name);
        break;
      default:
        break;
    }
  }

  void check_element(const Member& element, const json::Value& value, const std::string& path,
                     std::string_view name, const std::string& position) {
    check(*element.shape, value, join(path, name) + "." + position, "member");
  }

  void map(const Shape& shape, const json::Value& value, const std::string& path,
           std::string_view name) {
    const auto* object = value.if_object();
    if (!object) return;
    length(shape, value, object->size(), path, name);
    const bool keys = shape.key.shape->constrained;
    const bool values = shape.element.shape->constrained;
    if (!keys && !values) return;
    for (const auto& entry : *object) {
      if (full()) return;
      if (keys) {
        const std::string broken = scalar_constraints(*shape.key.shape, entry.key());
        if (!broken.empty()) {
          add(shape, value, path, name,
              fmt::format("Map keys must satisfy constraint: [{}]", broken));
          return;
        }
      }
      if (!values) continue;
      const Shape& element = *shape.element.shape;
      if (element.kind == Kind::kString && entry.value().is_string()) {
        const std::string broken =
            scalar_constraints(element, json::view(entry.value().get_string()));
        if (!broken.empty()) {
          add(shape, value, path, name,
              fmt::format("Map value must satisfy constraint: [{}]", broken));
          return;
        }
      } else {
        // The path is built only where something below can break: the hot case, an item of
        // attribute values, has nothing but lengths of nested names.
        check_element(shape.element, entry.value(), path, name, std::string(entry.key()));
      }
    }
  }

  // All of a string's constraints, if it breaks any: a map's keys are reported in this form.
  static std::string scalar_constraints(const Shape& shape, std::string_view text) {
    const double size = static_cast<double>(utf16_length(text));
    const bool broken = (shape.min && size < *shape.min) || (shape.max && size > *shape.max) ||
                        (shape.pattern && !shape.pattern->matches(text)) ||
                        (!shape.enum_values.empty() && !contains(shape, text));
    if (!broken) return {};
    std::string out;
    const auto add_one = [&out](std::string one) {
      if (!out.empty()) out += ", ";
      out += one;
    };
    if (shape.max)
      add_one(fmt::format("Member must have length less than or equal to {:.0f}", *shape.max));
    if (shape.min)
      add_one(fmt::format("Member must have length greater than or equal to {:.0f}", *shape.min));
    if (shape.pattern) {
      add_one(fmt::format("Member must satisfy regular expression pattern: {}",
                          shape.pattern->source()));
    }
    if (!shape.enum_values.empty()) add_one(enum_constraint(shape));
    return out;
  }

  static bool contains(const Shape& shape, std::string_view text) {
    for (const auto& value : shape.enum_values) {
      if (value == text) return true;
    }
    return false;
  }

  static std::string enum_constraint(const Shape& shape) {
    return fmt::format("Member must satisfy enum value set: [{}]",
                       fmt::join(shape.enum_values, ", "));
  }

  void string(const Shape& shape, const json::Value& value, std::string_view text,
              const std::string& path, std::string_view name) {
    if (!shape.enum_values.empty() && !contains(shape, text))
      add(shape, value, path, name, enum_constraint(shape));
    if (shape.pattern && !shape.pattern->matches(text)) {
      add(shape, value, path, name,
          fmt::format("Member must satisfy regular expression pattern: {}",
                      shape.pattern->source()));
    }
    if (shape.min || shape.max) length(shape, value, utf16_length(text), path, name);
  }

  void length(const Shape& shape, const json::Value& value, size_t size, const std::string& path,
              std::string_view name) {
    const auto count = static_cast<double>(size);
    if (shape.min && count < *shape.min) {
      add(shape, value, path, name,
          fmt::format("Member must have length greater than or equal to {:.0f}", *shape.min));
    }
    if (shape.max && count > *shape.max) {
      add(shape, value, path, name,
          fmt::format("Member must have length less than or equal to {:.0f}", *shape.max));
    }
  }

  void range(const Shape& shape, const json::Value& value, const std::string& path,
             std::string_view name) {
    if (!value.is_number() || (!shape.min && !shape.max)) return;
    const auto number = value.to_number<double>();
    if (shape.min && number < *shape.min) {
      add(shape, value, path, name,
          fmt::format("Member must have value greater than or equal to {}", *shape.min));
    }
    if (shape.max && number > *shape.max) {
      add(shape, value, path, name,
          fmt::format("Member must have value less than or equal to {}", *shape.max));
    }
  }

  std::vector<std::string> errors_;
};

// DynamoDB's operations on one table check its name before, and unlike, everything else.
ApiResult<void> check_table_name(const Operation& operation, const json::Object& input) {
  static constexpr std::array<std::string_view, 6> kTableOperations{
      "CreateTable", "DeleteTable",        "DescribeTable",
      "UpdateTable", "DescribeTimeToLive", "UpdateTimeToLive"};
  if (std::find(kTableOperations.begin(), kTableOperations.end(), operation.name) ==
      kTableOperations.end()) {
    return {};
  }
  const auto name = json::string_at(input, "TableName");
  if (!name) {
    return fail(ApiError::validation(
        "The parameter 'TableName' is required but was not present in the request"));
  }
  if (name->size() < 3 || name->size() > 255) {
    return fail(ApiError::validation(
        "TableName must be at least 3 characters long and at most 255 characters long"));
  }
  return {};
}

}  // namespace

std::string_view validation_code(const ServiceModel& service) {
  if (service.protocol == ProtocolKind::kQuery) return "ValidationError";
  if (service.name == "logs") return "InvalidParameterException";
  if (service.name == "apigateway") return "BadRequestException";
  if (service.name == "xray") return "InvalidRequestException";
  if (service.name == "s3") return "InvalidRequest";
  return "ValidationException";
}

ApiResult<void> validate(const ServiceModel& service, const Operation& operation,
                         const json::Object& input) {
  if (!operation.input || !operation.input.shape->constrained) return {};
  if (service.name == "dynamodb") CHECK_OK(check_table_name(operation, input));
  Validator validator;
  validator.structure(*operation.input.shape, input, "");
  if (validator.ok()) return {};
  return fail(std::string(validation_code(service)), validator.message());
}

}  // namespace dew::aws
