// What the forms of filter patterns share: reading their text, and the refusals in AWS's words.
// Pure; one thread at a time. A view: the text outlives the reader.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::logs {

// InvalidParameterException: "Invalid filter pattern: …".
aws::ApiError invalid_pattern(std::string_view why);
// As CloudWatch Logs says it of characters that must stand in double quotes.
aws::ApiError invalid_characters(std::string_view characters);

bool is_word_char(char c);  // A-Z a-z 0-9 _

class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  std::string_view rest() const { return text_.substr(at_); }
  char take() { return text_[at_++]; }
  void skip(size_t bytes) { at_ += bytes; }
  void skip_space();
  // Takes `literal` if the text goes on with it.
  bool eat(std::string_view literal);
  // Takes `word` if it stands there and no word character follows it.
  bool eat_word(std::string_view word);
  // The longest run of characters for which `wanted` holds; may be empty.
  template <class Wanted>
  std::string_view run(Wanted wanted) {
    const size_t begin = at_;
    while (!done() && wanted(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // At an opening double quote: what it holds. \" and \\ are a quote and a backslash; another
  // backslash is itself.
  aws::ApiResult<std::string> quoted();
  // At an opening %: the regular expression up to the next %.
  aws::ApiResult<std::string> regex();
  // An unquoted value: letters, digits and _ . - * + : / #, not empty.
  aws::ApiResult<std::string_view> plain();

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace dew::logs
