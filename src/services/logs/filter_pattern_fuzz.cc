// A pattern and, after the first newline, a message. What parses is a pattern to which white space
// around it, its own repetition and parentheses change nothing.
#include <cstdlib>

#include "services/logs/filter_pattern.h"

namespace {

void expect_same(const dew::logs::FilterPattern& pattern, const std::string& other,
                 std::string_view message) {
  const auto again = dew::logs::FilterPattern::parse(other);
  if (!again || again->matches(message) != pattern.matches(message)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::logs;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t newline = std::min(input.find('\n'), input.size());
  std::string text(input.substr(0, newline));
  const auto message = input.substr(std::min(newline + 1, input.size()));
  if (text.size() > 1024) return 0;  // the API's own limit
  const auto pattern = FilterPattern::parse(text);
  if (!pattern) {
    if (pattern.error().code != "InvalidParameterException" || pattern.error().message.empty())
      std::abort();
    return 0;
  }
  const auto extracted = pattern->extract(message);
  if (extracted.has_value() != pattern->matches(message)) std::abort();
  if (pattern->take(message, {}).has_value() != pattern->matches(message)) std::abort();
  if (pattern->matches_everything() && !pattern->matches(message)) std::abort();
  if (extracted) {
    for (const auto& field : *extracted) {
      const auto pick = pattern->pick(field.key());
      if (!pick) continue;  // a selector with a wildcard
      const auto values = pattern->take(message, {&*pick, 1});
      if (!values || values->front() != dew::json::str(field.value())) std::abort();
    }
  }
  expect_same(*pattern, " \t" + text + "  ", message);
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos || pattern->regexes() > 0) return 0;
  if (text[begin] == '{' && text.find('*') == std::string::npos) {
    const std::string inner = text.substr(begin + 1, text.find_last_of('}') - begin - 1);
    if (inner.find('(') == std::string::npos) expect_same(*pattern, "{(" + inner + ")}", message);
    expect_same(*pattern, "{" + inner + "||" + inner + "}", message);
  } else if (text[begin] != '{' && text[begin] != '[' && text[begin] != '%') {
    expect_same(*pattern, text + " " + text, message);
  }
  return 0;
}
