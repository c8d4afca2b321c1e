#include "services/logs/pattern_reader.h"

#include <fmt/format.h>

namespace dew::logs {

namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kPlainSymbols = "_.-*+:/#";
constexpr std::string_view kEndsPlain = " \t\r\n,[]{}()&|=!<>\"%";

bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

}  // namespace

aws::ApiError invalid_pattern(std::string_view why) {
  return {"InvalidParameterException", fmt::format("Invalid filter pattern: {}", why), 400};
}

aws::ApiError invalid_characters(std::string_view characters) {
  return invalid_pattern(fmt::format("Invalid character(s) in term '{}'", characters));
}

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void PatternReader::skip_space() {
  while (!done() && contains(kSpace, text_[at_])) ++at_;
}

bool PatternReader::eat(std::string_view literal) {
  if (!rest().starts_with(literal)) return false;
  at_ += literal.size();
  return true;
}

bool PatternReader::eat_word(std::string_view word) {
  if (!rest().starts_with(word)) return false;
  const auto after = rest().substr(word.size());
  if (!after.empty() && is_word_char(after.front())) return false;
  at_ += word.size();
  return true;
}

aws::ApiResult<std::string> PatternReader::quoted() {
  ++at_;
  std::string out;
  for (; !done(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return out;
    }
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == '\\' && (next == '"' || next == '\\')) ++at_;
    out += text_[at_];
  }
  return aws::fail(invalid_pattern("a double quote is not closed"));
}

aws::ApiResult<std::string> PatternReader::regex() {
  ++at_;
  const size_t end = text_.find('%', at_);
  if (end == std::string_view::npos)
    return aws::fail(invalid_pattern("a regular expression has no closing %"));
  std::string out(text_.substr(at_, end - at_));
  at_ = end + 1;
  return out;
}

aws::ApiResult<std::string_view> PatternReader::plain() {
  const auto term = run([](char c) { return !contains(kEndsPlain, c); });
  if (term.empty()) {
    if (done()) return aws::fail(invalid_pattern("a value is missing"));
    return aws::fail(invalid_characters(rest().substr(0, 1)));
  }
  std::string bad;
  for (const char c : term)
    if (!is_word_char(c) && !contains(kPlainSymbols, c)) bad += c;
  if (!bad.empty()) return aws::fail(invalid_characters(bad));
  return term;
}

}  // namespace dew::logs
