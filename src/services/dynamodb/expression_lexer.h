// The tokens of DynamoDB's expression language.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dew::dynamodb {

enum class TokenKind : uint8_t {
  kEnd,
  kIdentifier,        // attribute, function or keyword
  kNamePlaceholder,   // #name
  kValuePlaceholder,  // :value
  kNumber,            // a list index
  kSymbol,            // one of = <> < <= > >= ( ) [ ] , . + -
  kUnknown,           // any other character
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // into the expression
};

// Walks an expression; looks one token ahead. The expression outlives the lexer.
class Lexer {
 public:
  explicit Lexer(std::string_view expression);

  const Token& current() const { return current_; }
  const Token& ahead() const { return ahead_; }
  void advance();

  // AWS's message about the current token: `Syntax error; token: "x", near: "a x b"`.
  std::string syntax_error() const;

 private:
  Token scan();

  std::string_view expression_;
  size_t at_ = 0;
  Token previous_;
  Token current_;
  Token ahead_;
};

bool same_word(std::string_view word,
               std::string_view upper);  // ignoring case; `upper` is upper case

}  // namespace dew::dynamodb
