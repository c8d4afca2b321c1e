#include "services/logs/fields_pattern.h"

#include <fmt/format.h>

#include <algorithm>

namespace dew::logs {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) { return is_word_char(c) || c == '-'; }

bool holds(const Condition& condition, std::string_view value) {
  if (const auto number = parse_pattern_number(value))
    return condition.holds_for_number(*number, value);
  return condition.holds_for_text(value);
}

}  // namespace

aws::ApiResult<FieldsPattern::Field> FieldsPattern::read_field(PatternReader& in, size_t& regexes) {
  Field field;
  in.skip_space();
  if (in.eat("...")) {
    field.is_ellipsis = true;
    return field;
  }
  if (in.done() || in.peek() == ',') return field;
  if (in.peek() != '(') {
    const auto before = in;
    field.name = in.run(is_name_char);
    if (field.name.empty()) return aws::fail(invalid_characters(in.rest().substr(0, 1)));
    in.skip_space();
    if (in.done() || in.peek() == ',') return field;
    if (is_name_char(in.peek()))
      return aws::fail(invalid_pattern("fields are separated by commas"));
    in = before;
  }
  TRY(field.conditions,
      PatternExpression<Condition>::read(in, [&](PatternReader& from) -> aws::ApiResult<Condition> {
        from.skip_space();
        const auto name = from.run(is_name_char);
        if (name.empty())
          return aws::fail(from.done() ? invalid_pattern("a field's name is missing")
                                       : invalid_characters(from.rest().substr(0, 1)));
        if (field.name.empty()) field.name = name;
        if (name != field.name)
          return aws::fail(
              invalid_pattern(fmt::format("the conditions of field {} name {}: each field "
                                          "has its own, after a comma",
                                          field.name, name)));
        from.skip_space();
        return Condition::read(from, regexes);
      }));
  return field;
}

aws::ApiResult<FieldsPattern> FieldsPattern::parse(std::string_view text) {
  if (text.size() < 2 || !text.ends_with(']'))
    return aws::fail(aws::ApiError("InvalidParameterException",
                                   "If a filter pattern starts with '[' it must end with ']'"));
  PatternReader in(text.substr(1, text.size() - 2));
  FieldsPattern out;
  in.skip_space();
  if (in.done()) {
    out.fields_.push_back({"", true, std::nullopt});
    out.ellipsis_ = 0;
    return out;
  }
  do {
    TRY(auto field, read_field(in, out.regexes_));
    if (field.is_ellipsis) {
      if (out.ellipsis_) return aws::fail(invalid_pattern("it has more than one ellipsis (...)"));
      out.ellipsis_ = out.fields_.size();
    }
    if (!field.name.empty() && std::ranges::all_of(field.name, is_digit))
      return aws::fail(invalid_pattern("a field's name is not a number: $1 is the first field"));
    if (!field.name.empty() && std::ranges::any_of(out.fields_, [&](const Field& other) {
          return other.name == field.name;
        }))
      return aws::fail(invalid_pattern(fmt::format("the field {} is there twice", field.name)));
    out.fields_.push_back(std::move(field));
    in.skip_space();
  } while (in.eat(","));
  if (!in.done()) return aws::fail(invalid_characters(in.rest().substr(0, 1)));
  return out;
}

void FieldsPattern::split(std::string_view message, std::vector<Token>& out) {
  out.clear();
  while (!message.empty() && kSpace.find(message.back()) != std::string_view::npos)
    message.remove_suffix(1);
  for (size_t at = 0; (at = message.find_first_not_of(kSpace, at)) != std::string_view::npos;) {
    const auto rest = message.substr(at);
    size_t size = std::min(rest.find_first_of(kSpace), rest.size());
    auto value = rest.substr(0, size);
    if (rest.front() == '[' || rest.front() == '"') {
      const size_t close = rest.find(rest.front() == '[' ? ']' : '"', 1);
      if (close != std::string_view::npos) {
        value = rest.substr(1, close - 1);
        size = close + 1;
      }
    }
    out.push_back({value, rest});
    at += size;
  }
}

bool FieldsPattern::assign(const std::vector<Token>& tokens,
                           std::vector<std::string_view>& out) const {
  out.clear();
  const size_t named = fields_.size() - (ellipsis_ ? 1 : 0);
  if (tokens.size() < named) return false;
  const size_t before = ellipsis_.value_or(fields_.size());
  for (size_t i = 0; i < before; ++i) out.push_back(tokens[i].value);
  if (ellipsis_) {
    out.emplace_back();
    for (size_t i = tokens.size() - (named - before); i < tokens.size(); ++i)
      out.push_back(tokens[i].value);
  } else if (tokens.size() > named) {
    out.back() = tokens[named - 1].from_here;
  }
  return true;
}

bool FieldsPattern::conditions_hold(const std::vector<std::string_view>& values) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto& conditions = fields_[i].conditions;
    if (conditions &&
        !conditions->holds([&](const Condition& condition) { return holds(condition, values[i]); }))
      return false;
  }
  return true;
}

bool FieldsPattern::matches(std::string_view message) const {
  thread_local std::vector<Token> tokens;
  thread_local std::vector<std::string_view> values;
  split(message, tokens);
  return assign(tokens, values) && conditions_hold(values);
}

json::Object FieldsPattern::extract(std::string_view message) const {
  std::vector<Token> tokens;
  std::vector<std::string_view> values;
  split(message, tokens);
  json::Object out;
  if (!assign(tokens, values)) return out;
  const auto add = [&](const Field& field, size_t place, std::string_view value) {
    out["$" + (field.name.empty() ? fmt::format("{}", place + 1) : field.name)] = value;
  };
  const size_t skipped = ellipsis_ ? tokens.size() - (fields_.size() - 1) : 0;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const bool after = ellipsis_ && i > *ellipsis_;
    if (!fields_[i].is_ellipsis) {
      add(fields_[i], after ? i - 1 + skipped : i, values[i]);
      continue;
    }
    for (size_t j = i; j < i + skipped; ++j) add(fields_[i], j, tokens[j].value);
  }
  return out;
}

bool FieldsPattern::has(std::string_view name) const {
  if (name.empty()) return false;
  if (std::ranges::all_of(name, is_digit)) return true;
  return std::ranges::any_of(fields_, [&](const Field& field) { return field.name == name; });
}

}  // namespace dew::logs
