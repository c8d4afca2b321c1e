#include "services/logs/filter_pattern.h"

#include <fmt/format.h>

namespace dew::logs {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

aws::ApiResult<PatternRegex> regex_alone(std::string_view text) {
  PatternReader in(text);
  TRY(const auto source, in.regex());
  if (!in.done())
    return aws::fail(invalid_pattern("a regular expression stands alone, or in [ ] or { }"));
  return PatternRegex::compile(source);
}

}  // namespace

aws::ApiResult<FilterPattern> FilterPattern::parse(std::string_view text) {
  text = trimmed(text);
  FilterPattern out;
  if (text.starts_with('{')) {
    TRY(out.form_, JsonPattern::parse(text));
  } else if (text.starts_with('[')) {
    TRY(out.form_, FieldsPattern::parse(text));
  } else if (text.starts_with('%')) {
    TRY(out.form_, regex_alone(text));
  } else {
    TRY(out.form_, TermsPattern::parse(text));
  }
  if (out.regexes() > kMaxPatternRegexes)
    return aws::fail(invalid_pattern("it has more than two regular expressions"));
  return out;
}

bool FilterPattern::matches(std::string_view message) const {
  if (const auto* terms = std::get_if<TermsPattern>(&form_)) return terms->matches(message);
  if (const auto* regex = std::get_if<PatternRegex>(&form_)) return regex->occurs(message);
  if (const auto* fields = std::get_if<FieldsPattern>(&form_)) return fields->matches(message);
  bool out = false;
  with_json(message,
            [&](const json::Value& event) { out = std::get<JsonPattern>(form_).matches(event); });
  return out;
}

bool FilterPattern::matches_everything() const {
  const auto* terms = std::get_if<TermsPattern>(&form_);
  return terms != nullptr && terms->matches_everything();
}

size_t FilterPattern::regexes() const {
  if (const auto* json = std::get_if<JsonPattern>(&form_)) return json->regexes();
  if (const auto* fields = std::get_if<FieldsPattern>(&form_)) return fields->regexes();
  return std::holds_alternative<PatternRegex>(form_) ? 1 : 0;
}

aws::ApiResult<FilterPattern::Pick> FilterPattern::pick(std::string_view text) const {
  if (std::holds_alternative<JsonPattern>(form_)) {
    TRY(auto selector, Selector::parse(text));
    if (selector.has_wildcard())
      return aws::fail(invalid_pattern(fmt::format("{} selects more than one value", text)));
    return selector;
  }
  const auto* fields = std::get_if<FieldsPattern>(&form_);
  if (fields == nullptr || !text.starts_with('$') || !fields->has(text.substr(1)))
    return aws::fail(invalid_pattern(fmt::format("{} is no field of the filter pattern", text)));
  return std::string(text);
}

std::optional<std::vector<std::optional<std::string>>> FilterPattern::take(
    std::string_view message, std::span<const Pick> picks) const {
  std::vector<std::optional<std::string>> values;
  if (const auto* json = std::get_if<JsonPattern>(&form_)) {
    bool matched = false;
    with_json(message, [&](const json::Value& event) {
      matched = json->matches(event);
      if (!matched) return;
      for (const auto& pick : picks) values.push_back(std::get<Selector>(pick).value(event));
    });
    if (!matched) return std::nullopt;
    return values;
  }
  if (!matches(message)) return std::nullopt;
  if (picks.empty()) return values;
  const auto extracted = std::get<FieldsPattern>(form_).extract(message);
  for (const auto& pick : picks) {
    const auto value = json::string_at(extracted, std::get<std::string>(pick));
    values.push_back(value ? std::optional<std::string>(*value) : std::nullopt);
  }
  return values;
}

std::optional<json::Object> FilterPattern::extract(std::string_view message) const {
  if (const auto* json = std::get_if<JsonPattern>(&form_)) {
    std::optional<json::Object> out;
    with_json(message, [&](const json::Value& event) {
      if (json->matches(event)) out = json->extract(event);
    });
    return out;
  }
  if (!matches(message)) return std::nullopt;
  const auto* fields = std::get_if<FieldsPattern>(&form_);
  return fields != nullptr ? fields->extract(message) : json::Object();
}

}  // namespace dew::logs
