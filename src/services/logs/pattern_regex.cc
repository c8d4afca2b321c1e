#include "services/logs/pattern_regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "services/logs/pattern_reader.h"

namespace dew::logs {

namespace {

constexpr std::string_view kSymbols = ":_#=@/;,- ^$?[]{}|\\*+.";
constexpr std::string_view kClasses = "dDsSwW";
constexpr int64_t kMaxProgramBytes = 4 * 1024 * 1024;  // of a compiled expression

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// RE2's text of an expression: as it is, but {,n} is {0,n}, which RE2 would take literally.
aws::ApiResult<std::string> translate(std::string_view source) {
  if (source.empty()) return aws::fail(invalid_pattern("a regular expression is empty"));
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    const bool allowed = (is_word_char(c) || kSymbols.find(c) != std::string_view::npos);
    if (!allowed) return aws::fail(invalid_characters(source.substr(i, 1)));
    out += c;
    if (c == '{' && i + 1 < source.size() && source[i + 1] == ',') out += '0';
    if (c != '\\') continue;
    if (++i == source.size())
      return aws::fail(invalid_pattern("a regular expression ends in a backslash"));
    const char escaped = source[i];
    const bool is_letter = is_word_char(escaped) && escaped != '_';
    if (escaped == 'x') {
      if (i + 2 >= source.size() || !is_hex(source[i + 1]) || !is_hex(source[i + 2]) ||
          source[i + 1] > '7')
        return aws::fail(invalid_pattern("\\x takes two hexadecimal digits of an ASCII character"));
      out += source.substr(i, 3);
      i += 2;
      continue;
    }
    if (is_letter ? kClasses.find(escaped) == std::string_view::npos
                  : kSymbols.find(escaped) == std::string_view::npos && escaped != '_') {
      return aws::fail(
          invalid_pattern(fmt::format("\\{} is not supported in a regular expression",
                                      escaped >= ' ' && escaped <= '~' ? escaped : '?')));
    }
    // RE2 takes an escaped underscore for an error: it needs none.
    if (escaped == '_') out.pop_back();
    out += escaped;
  }
  return out;
}

}  // namespace

aws::ApiResult<PatternRegex> PatternRegex::compile(std::string_view source) {
  TRY(const auto text, translate(source));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kMaxProgramBytes);
  PatternRegex out;
  auto regex = std::make_shared<re2::RE2>(text, options);
  if (!regex->ok())
    return aws::fail(invalid_pattern(
        fmt::format("the regular expression %{}% is not valid: {}", source, regex->error())));
  out.regex_ = std::move(regex);
  return out;
}

bool PatternRegex::occurs(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

}  // namespace dew::logs
