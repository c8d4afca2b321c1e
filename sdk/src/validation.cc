#include <dew/validation.h>

#include <algorithm>
#include <cmath>

namespace dew::validation {
namespace {

constexpr size_t kMaxEmail = 254;
constexpr size_t kMaxLabel = 63;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// 12.0 is an integer in JSON, which has one type of number.
std::optional<int64_t> integer_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) {
    const double number = value.get_double();
    if (number == std::trunc(number) && std::abs(number) < kExactIntegers)
      return static_cast<int64_t>(number);
  }
  return std::nullopt;
}

bool is_domain(std::string_view domain) {
  size_t labels = 0;
  while (true) {
    const size_t dot = domain.find('.');
    const std::string_view label = domain.substr(0, dot);
    if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-')
      return false;
    if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; })) return false;
    ++labels;
    if (dot == std::string_view::npos) return labels >= 2;
    domain.remove_prefix(dot + 1);
  }
}

}  // namespace

size_t code_points(std::string_view utf8) {
  return static_cast<size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool is_email(std::string_view text) {
  const size_t at = text.find('@');
  if (text.size() > kMaxEmail || at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return false;
  const bool plain = std::ranges::all_of(local, [](char c) {
    return is_alnum(c) ||
           std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) != std::string_view::npos;
  });
  return plain && is_domain(text.substr(at + 1));
}

bool is_e164(std::string_view text) {
  if (text.size() < 3 || text.size() > 16 || text[0] != '+' || text[1] == '0') return false;
  return std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

Field& Field::required() {
  required_ = true;
  return *this;
}

Field& Field::length(size_t least, size_t most) {
  return rule([=](const json::value& value) -> std::optional<std::string> {
    const size_t length = code_points(value.get_string());
    if (length >= least && length <= most) return std::nullopt;
    return "must be " + std::to_string(least) + " to " + std::to_string(most) + " characters long";
  });
}

Field& Field::range(int64_t least, int64_t most) {
  range_ = {least, most};
  if (type_ == Type::kInteger) return *this;
  return rule([=](const json::value& value) -> std::optional<std::string> {
    const auto number = value.to_number<double>();
    if (number >= static_cast<double>(least) && number <= static_cast<double>(most))
      return std::nullopt;
    return "must be between " + std::to_string(least) + " and " + std::to_string(most);
  });
}

Field& Field::email() {
  return rule([](const json::value& value) -> std::optional<std::string> {
    if (is_email(value.get_string())) return std::nullopt;
    return "must be an email address";
  });
}

Field& Field::e164() {
  return rule([](const json::value& value) -> std::optional<std::string> {
    if (is_e164(value.get_string())) return std::nullopt;
    return "must be a phone number in E.164 form, like +14155550100";
  });
}

Field& Field::one_of(std::vector<std::string> values) {
  return rule([values = std::move(values)](const json::value& value) -> std::optional<std::string> {
    if (std::ranges::find(values, std::string_view(value.get_string())) != values.end())
      return std::nullopt;
    std::string message = "must be one of";
    for (const std::string& each : values)
      message += (&each == &values.front() ? " " : ", ") + each;
    return message;
  });
}

Field& Field::rule(std::function<std::optional<std::string>(const json::value&)> check) {
  rules_.push_back(std::move(check));
  return *this;
}

std::optional<std::string> Field::check_type(const json::value& value) const {
  switch (type_) {
    case Type::kString:
      if (!value.is_string()) return "must be a string";
      break;
    case Type::kBoolean:
      if (!value.is_bool()) return "must be true or false";
      break;
    case Type::kNumber:
      if (!value.is_number()) return "must be a number";
      break;
    case Type::kInteger: {
      const auto number = integer_of(value);
      const bool fits =
          number && (!range_ || (*number >= range_->first && *number <= range_->second));
      if (fits) break;
      if (!range_) return "must be an integer";
      return "must be an integer between " + std::to_string(range_->first) + " and " +
             std::to_string(range_->second);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Field::check(const json::value* value) const {
  if (value == nullptr || value->is_null()) {
    if (required_) return "is required";
    return std::nullopt;
  }
  if (auto message = check_type(*value)) return message;
  for (const auto& check : rules_) {
    if (auto message = check(*value)) return message;
  }
  return std::nullopt;
}

Errors Schema::check(const json::object& input) const {
  Errors errors;
  for (const Field& field : fields_) {
    if (auto message = field.check(input.if_contains(field.name())))
      errors.emplace_back(field.name(), std::move(*message));
  }
  return errors;
}

json::object Schema::pick(const json::object& input) const {
  json::object out;
  for (const Field& field : fields_) {
    const json::value* value = input.if_contains(field.name());
    if (value != nullptr && !value->is_null()) out.emplace(field.name(), *value);
  }
  return out;
}

json::object to_json(const Errors& errors) {
  json::object out;
  for (const auto& [field, message] : errors) out.emplace(field, message);
  return out;
}

}  // namespace dew::validation
