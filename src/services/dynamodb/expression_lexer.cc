#include "services/dynamodb/expression_lexer.h"

#include <fmt/format.h>

namespace dew::dynamodb {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_part(char c) { return is_start(c) || is_digit(c); }

char upper_case(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

bool same_word(std::string_view word, std::string_view upper) {
  if (word.size() != upper.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (upper_case(word[i]) != upper[i]) return false;
  }
  return true;
}

Lexer::Lexer(std::string_view expression) : expression_(expression) {
  current_ = scan();
  ahead_ = scan();
}

void Lexer::advance() {
  previous_ = current_;
  current_ = ahead_;
  ahead_ = scan();
}

Token Lexer::scan() {
  while (at_ < expression_.size() && is_space(expression_[at_])) ++at_;
  const size_t start = at_;
  const auto token = [&](TokenKind kind) {
    return Token{kind, expression_.substr(start, at_ - start)};
  };
  if (at_ == expression_.size()) return token(TokenKind::kEnd);
  const char first = expression_[at_++];
  const auto take_while = [&](auto&& predicate) {
    while (at_ < expression_.size() && predicate(expression_[at_])) ++at_;
  };
  if (is_start(first)) {
    take_while(is_part);
    return token(TokenKind::kIdentifier);
  }
  if (is_digit(first)) {
    take_while(is_digit);
    return token(TokenKind::kNumber);
  }
  if (first == '#' || first == ':') {
    take_while(is_part);
    if (at_ - start == 1) return token(TokenKind::kUnknown);
    return token(first == '#' ? TokenKind::kNamePlaceholder : TokenKind::kValuePlaceholder);
  }
  const char second = at_ < expression_.size() ? expression_[at_] : '\0';
  if ((first == '<' && (second == '=' || second == '>')) || (first == '>' && second == '=')) {
    ++at_;
    return token(TokenKind::kSymbol);
  }
  if (std::string_view("=<>()[],.+-").contains(first)) return token(TokenKind::kSymbol);
  while (at_ < expression_.size() && (static_cast<uint8_t>(expression_[at_]) & 0xc0) == 0x80) {
    ++at_;  // the rest of a UTF-8 character
  }
  return token(TokenKind::kUnknown);
}

std::string Lexer::syntax_error() const {
  // "near" is the expression's own text from the token before to the token after.
  const char* begin =
      previous_.text.data() != nullptr ? previous_.text.data() : current_.text.data();
  const Token& last = ahead_.kind == TokenKind::kEnd ? current_ : ahead_;
  const char* end = last.text.data() + last.text.size();
  std::string_view near(begin, static_cast<size_t>(end - begin));
  while (!near.empty() && is_space(near.back())) near.remove_suffix(1);
  return fmt::format("Syntax error; token: \"{}\", near: \"{}\"",
                     current_.kind == TokenKind::kEnd ? std::string_view("<EOF>") : current_.text,
                     near);
}

}  // namespace dew::dynamodb
