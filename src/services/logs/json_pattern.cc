#include "services/logs/json_pattern.h"

#include <fmt/format.h>

namespace dew::logs {

namespace {

constexpr size_t kMaxIndexDigits = 9;

bool is_key_char(char c) { return is_word_char(c) || c == '-'; }

bool holds(const Condition& condition, const json::Value& value) {
  if (value.is_string()) return condition.holds_for_text(json::view(value.get_string()));
  char text[32];
  const auto compare = [&](auto number) {
    const auto end = fmt::format_to_n(text, sizeof text, "{}", number).out;
    return condition.holds_for_number(static_cast<long double>(number),
                                      {text, static_cast<size_t>(end - text)});
  };
  if (value.is_int64()) return compare(value.get_int64());
  if (value.is_uint64()) return compare(value.get_uint64());
  if (value.is_double()) return compare(value.get_double());
  return false;
}

}  // namespace

aws::ApiResult<Selector::Step> Selector::bracket(PatternReader& in) {
  in.skip_space();
  Step step;
  if (in.peek() == '\'' || in.peek() == '"') {
    const char quote = in.take();
    step.key = in.run([&](char c) { return c != quote; });
    if (in.done()) return aws::fail(invalid_pattern("the quote of a property is not closed"));
    in.take();
    if (step.key.empty()) return aws::fail(invalid_pattern("a property's name is empty"));
  } else if (in.eat("*")) {
    step.kind = Step::Kind::kAnyIndex;
  } else {
    const auto digits = in.run([](char c) { return c >= '0' && c <= '9'; });
    if (digits.empty() || digits.size() > kMaxIndexDigits)
      return aws::fail(
          invalid_pattern("between [ and ] stands an array's index, * or a property in quotes"));
    step.kind = Step::Kind::kIndex;
    for (const char c : digits) step.index = step.index * 10 + static_cast<size_t>(c - '0');
  }
  in.skip_space();
  if (!in.eat("]")) return aws::fail(invalid_pattern("a [ of a property selector is not closed"));
  return step;
}

aws::ApiResult<Selector> Selector::read(PatternReader& in) {
  Selector out;
  const auto from = in.rest();
  if (!in.eat("$"))
    return aws::fail(in.done() ? invalid_pattern("a property selector ($.name) is missing")
                               : invalid_characters(in.rest().substr(0, 1)));
  while (true) {
    Step step;
    if (in.eat(".")) {
      if (in.eat("[")) {
        TRY(step, bracket(in));
      } else if (in.eat("*")) {
        step.kind = Step::Kind::kAnyKey;
      } else {
        step.key = in.run(is_key_char);
        if (step.key.empty()) {
          return aws::fail(in.done() ? invalid_pattern("a property's name is missing after $.")
                                     : invalid_characters(fmt::format("$.{}", in.peek())));
        }
      }
    } else if (in.eat("[")) {
      TRY(step, bracket(in));
    } else {
      break;
    }
    if (step.kind == Step::Kind::kAnyKey || step.kind == Step::Kind::kAnyIndex) ++out.wildcards_;
    out.steps_.push_back(std::move(step));
  }
  if (out.steps_.empty())
    return aws::fail(invalid_pattern("a property selector begins with $. and a property"));
  if (out.wildcards_ > kMaxSelectorWildcards)
    return aws::fail(invalid_pattern("a property selector takes one wildcard (*)"));
  out.text_ = from.substr(0, from.size() - in.rest().size());
  return out;
}

aws::ApiResult<Selector> Selector::parse(std::string_view text) {
  PatternReader in(text);
  TRY(auto out, read(in));
  if (!in.done()) return aws::fail(invalid_characters(in.rest().substr(0, 1)));
  return out;
}

std::optional<std::string> Selector::value(const json::Value& root) const {
  std::optional<std::string> out;
  any(root, [&](const json::Value& value) {
    if (value.is_string()) {
      out = json::str(value);
    } else if (value.is_double()) {
      out = fmt::format("{}", value.get_double());
    } else if (value.is_bool() || value.is_number()) {
      out = json::dump(value);
    }
    return out.has_value();
  });
  return out;
}

aws::ApiResult<JsonPattern::Test> JsonPattern::read_test(PatternReader& in, size_t& regexes,
                                                         size_t& wildcards) {
  Test out;
  in.skip_space();
  TRY(out.selector, Selector::read(in));
  if (out.selector.has_wildcard() && ++wildcards > kMaxPatternWildcards)
    return aws::fail(invalid_pattern("at most three property selectors take a wildcard (*)"));
  in.skip_space();
  if (in.eat_word("IS")) {
    in.skip_space();
    if (in.eat_word("NULL")) {
      out.kind = Test::Kind::kIsNull;
    } else if (in.eat_word("TRUE")) {
      out.kind = Test::Kind::kIsTrue;
    } else if (in.eat_word("FALSE")) {
      out.kind = Test::Kind::kIsFalse;
    } else {
      return aws::fail(invalid_pattern("IS is followed by NULL, TRUE or FALSE"));
    }
    return out;
  }
  if (in.eat_word("NOT")) {
    in.skip_space();
    if (!in.eat_word("EXISTS")) return aws::fail(invalid_pattern("NOT is followed by EXISTS"));
    out.kind = Test::Kind::kNotExists;
    return out;
  }
  if (in.eat_word("EXISTS"))
    return aws::fail(invalid_pattern("EXISTS is not supported: { $.name = * } is"));
  TRY(out.condition, Condition::read(in, regexes));
  return out;
}

bool JsonPattern::Test::holds(const json::Value& event) const {
  switch (kind) {
    case Kind::kCompare:
      return selector.any(event,
                          [&](const json::Value& value) { return logs::holds(condition, value); });
    case Kind::kIsNull:
      return selector.any(event, [](const json::Value& value) { return value.is_null(); });
    case Kind::kIsTrue:
    case Kind::kIsFalse:
      return selector.any(event, [&](const json::Value& value) {
        return value.is_bool() && value.get_bool() == (kind == Kind::kIsTrue);
      });
    case Kind::kNotExists:
      return !selector.any(event, [](const json::Value&) { return true; });
  }
  return false;
}

aws::ApiResult<JsonPattern> JsonPattern::parse(std::string_view text) {
  if (text.size() < 2 || !text.ends_with('}'))
    return aws::fail(aws::ApiError("InvalidParameterException",
                                   "If a filter pattern starts with '{' it must end with '}'"));
  PatternReader in(text.substr(1, text.size() - 2));
  JsonPattern out;
  size_t wildcards = 0;
  TRY(out.tests_, PatternExpression<Test>::read(in, [&](PatternReader& from) {
        return read_test(from, out.regexes_, wildcards);
      }));
  in.skip_space();
  if (!in.done()) return aws::fail(invalid_characters(in.rest().substr(0, 1)));
  return out;
}

bool JsonPattern::matches(const json::Value& event) const {
  return tests_.holds([&](const Test& test) { return test.holds(event); });
}

json::Object JsonPattern::extract(const json::Value& event) const {
  json::Object out;
  for (const auto& test : tests_.leaves())
    if (auto value = test.selector.value(event)) out[test.selector.text()] = *value;
  return out;
}

}  // namespace dew::logs
