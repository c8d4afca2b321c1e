#include "services/logs/pattern_condition.h"

#include <charconv>

namespace dew::logs {

std::optional<long double> parse_pattern_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  // from_chars also takes "inf", "nan" and ".5".
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  long double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // Integers are exact; fractions are what a JSON parser makes of them.
  if (digits.find_first_not_of("0123456789") == std::string_view::npos) return number;
  return static_cast<double>(number);
}

aws::ApiResult<Condition> Condition::read(PatternReader& in, size_t& regexes) {
  Condition out;
  if (in.eat("!=")) {
    out.operator_ = Operator::kNotEqual;
  } else if (in.eat("<=")) {
    out.operator_ = Operator::kLessEqual;
  } else if (in.eat(">=")) {
    out.operator_ = Operator::kGreaterEqual;
  } else if (in.eat("<")) {
    out.operator_ = Operator::kLess;
  } else if (in.eat(">")) {
    out.operator_ = Operator::kGreater;
  } else if (!in.eat("=")) {
    return aws::fail(invalid_pattern("one of = != < <= > >= is expected after a field's name"));
  }
  const bool equality = out.operator_ == Operator::kEqual || out.operator_ == Operator::kNotEqual;
  in.skip_space();
  if (in.peek() == '%') {
    if (!equality)
      return aws::fail(invalid_pattern("a regular expression goes with = and != only"));
    TRY(const auto source, in.regex());
    TRY(out.right_, PatternRegex::compile(source));
    ++regexes;
    return out;
  }
  std::string text;
  if (in.peek() == '"') {
    TRY(text, in.quoted());
  } else {
    TRY(const auto plain, in.plain());
    text = plain;
    out.number_ = parse_pattern_number(text);
  }
  if (!equality && !out.number_)
    return aws::fail(invalid_pattern("<, <=, > and >= compare with a number"));
  Text right{"", false, false};
  std::string_view middle = text;
  if (middle.starts_with('*')) {
    right.any_before = true;
    middle.remove_prefix(1);
  }
  if (middle.ends_with('*') || (middle.empty() && right.any_before)) {
    right.any_after = true;
    if (!middle.empty()) middle.remove_suffix(1);
  }
  right.middle = middle;
  out.right_ = std::move(right);
  return out;
}

bool Condition::Text::matches(std::string_view text) const {
  if (any_before && any_after) return text.find(middle) != std::string_view::npos;
  if (any_before) return text.ends_with(middle);
  if (any_after) return text.starts_with(middle);
  return text == middle;
}

bool Condition::equals(std::string_view text) const {
  if (const auto* regex = std::get_if<PatternRegex>(&right_)) return regex->occurs(text);
  return std::get<Text>(right_).matches(text);
}

bool Condition::holds_for_text(std::string_view text) const {
  switch (operator_) {
    case Operator::kEqual:
      return equals(text);
    case Operator::kNotEqual:
      return !equals(text);
    default:
      return false;
  }
}

bool Condition::holds_for_number(long double number, std::string_view text) const {
  if (!number_) return holds_for_text(text);
  switch (operator_) {
    case Operator::kEqual:
      return number == *number_;
    case Operator::kNotEqual:
      return number != *number_;
    case Operator::kLess:
      return number < *number_;
    case Operator::kLessEqual:
      return number <= *number_;
    case Operator::kGreater:
      return number > *number_;
    case Operator::kGreaterEqual:
      return number >= *number_;
  }
  return false;
}

}  // namespace dew::logs
