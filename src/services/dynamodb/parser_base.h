// What the three expression parsers share: tokens, paths, placeholders, and the bookkeeping of
// mistakes.
#pragma once

#include <array>
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "services/dynamodb/expression.h"
#include "services/dynamodb/expression_lexer.h"

namespace dew::dynamodb {

template <class T>
using Parsed = std::expected<T, std::string>;

class ParserBase {
 public:
  explicit ParserBase(std::string_view text) : lexer_(text) {}

 protected:
  // Mistakes that are not errors of syntax, most important first; only the first of each kind is
  // kept.
  enum class Mistake : uint8_t {
    kParentheses,
    kUnknownFunction,
    kMisusedFunction,
    kReservedWord,
    kSection,
    kCount
  };

  std::unexpected<std::string> syntax_error() const {
    return std::unexpected(lexer_.syntax_error());
  }
  void note(Mistake kind, std::string message);
  // The most important mistake, or nothing.
  Parsed<void> check_mistakes() const;

  bool at(std::string_view symbol) const {
    return lexer_.current().kind == TokenKind::kSymbol && lexer_.current().text == symbol;
  }
  bool at_word(std::string_view upper) const {
    return lexer_.current().kind == TokenKind::kIdentifier &&
           same_word(lexer_.current().text, upper);
  }
  bool at_end() const { return lexer_.current().kind == TokenKind::kEnd; }
  bool take(std::string_view symbol);
  bool take_word(std::string_view upper);
  Parsed<void> expect(std::string_view symbol);

  // An identifier that is not one of the grammar's keywords, or a #placeholder.
  virtual bool is_keyword(std::string_view word) const = 0;
  Parsed<Path> parse_path();
  // Further .name and [index] elements of `path`.
  Parsed<void> parse_path_rest(Path& path);
  uint32_t value_index(std::string_view placeholder);
  Parsed<void> count_operator();

  class Depth;  // counts a level of nesting while it lives

  Lexer lexer_;
  Symbols symbols_;
  int depth_ = 0;

  ~ParserBase() = default;

 private:
  Parsed<PathElement> parse_name();

  std::array<std::string, static_cast<size_t>(Mistake::kCount)> mistakes_;
  int operators_ = 0;
};

class ParserBase::Depth {
 public:
  explicit Depth(ParserBase& parser) : parser_(parser) { ++parser_.depth_; }
  ~Depth() { --parser_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  Parsed<void> check() const;

 private:
  ParserBase& parser_;
};

// The expression's text must be neither empty nor too long.
Parsed<void> check_text(std::string_view text);

}  // namespace dew::dynamodb
