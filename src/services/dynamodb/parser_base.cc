#include "services/dynamodb/parser_base.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "services/dynamodb/expression_parser.h"
#include "services/dynamodb/reserved_words.h"

namespace dew::dynamodb {
namespace {

// Larger list indexes than this cannot exist in an item of 400 KB.
constexpr uint32_t kMaxListIndex = 100'000'000;

uint32_t intern(std::vector<std::string>& table, std::string_view text, bool& added) {
  const auto it = std::find(table.begin(), table.end(), text);
  added = it == table.end();
  const auto index = static_cast<uint32_t>(it - table.begin());
  if (added) table.emplace_back(text);
  return index;
}

std::unexpected<std::string> too_many_operators(int count) {
  return std::unexpected(
      fmt::format("The expression contains too many operators; operator count: {}", count));
}

}  // namespace

void ParserBase::note(Mistake kind, std::string message) {
  auto& slot = mistakes_[static_cast<size_t>(kind)];
  if (slot.empty()) slot = std::move(message);
}

Parsed<void> ParserBase::check_mistakes() const {
  for (const auto& mistake : mistakes_) {
    if (!mistake.empty()) return std::unexpected(mistake);
  }
  return {};
}

bool ParserBase::take(std::string_view symbol) {
  if (!at(symbol)) return false;
  lexer_.advance();
  return true;
}

bool ParserBase::take_word(std::string_view upper) {
  if (!at_word(upper)) return false;
  lexer_.advance();
  return true;
}

Parsed<void> ParserBase::expect(std::string_view symbol) {
  if (!take(symbol)) return syntax_error();
  return {};
}

Parsed<PathElement> ParserBase::parse_name() {
  const Token token = lexer_.current();
  PathElement element;
  if (token.kind == TokenKind::kNamePlaceholder) {
    bool added = false;
    element.kind = PathElement::Kind::kPlaceholder;
    element.index = intern(symbols_.names, token.text, added);
    if (added) symbols_.order.push_back({false, element.index});
  } else if (token.kind == TokenKind::kIdentifier && !is_keyword(token.text)) {
    element.name = token.text;
    if (is_reserved_word(token.text)) {
      note(Mistake::kReservedWord,
           fmt::format("Attribute name is a reserved keyword; reserved keyword: {}", token.text));
    }
  } else {
    return syntax_error();
  }
  lexer_.advance();
  return element;
}

Parsed<Path> ParserBase::parse_path() {
  Path path;
  TRY(auto head, parse_name());
  path.push_back(std::move(head));
  CHECK_OK(parse_path_rest(path));
  return path;
}

Parsed<void> ParserBase::parse_path_rest(Path& path) {
  for (;;) {
    if (take(".")) {
      TRY(auto element, parse_name());
      path.push_back(std::move(element));
    } else if (take("[")) {
      const Token token = lexer_.current();
      if (token.kind != TokenKind::kNumber) return syntax_error();
      PathElement element;
      element.kind = PathElement::Kind::kIndex;
      const char* end = token.text.data() + token.text.size();
      const auto parsed = std::from_chars(token.text.data(), end, element.index);
      if (parsed.ec != std::errc() || element.index > kMaxListIndex) {
        return std::unexpected(
            fmt::format("List index is not within the allowable range; index: [{}]", token.text));
      }
      lexer_.advance();
      CHECK_OK(expect("]"));
      path.push_back(std::move(element));
    } else {
      return {};
    }
  }
}

uint32_t ParserBase::value_index(std::string_view placeholder) {
  bool added = false;
  const uint32_t index = intern(symbols_.values, placeholder, added);
  if (added) symbols_.order.push_back({true, index});
  return index;
}

Parsed<void> ParserBase::count_operator() {
  if (++operators_ > kMaxOperators) return too_many_operators(operators_);
  return {};
}

Parsed<void> ParserBase::Depth::check() const {
  if (parser_.depth_ > kMaxExpressionDepth) return too_many_operators(parser_.depth_);
  return {};
}

Parsed<void> check_text(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return std::unexpected(std::string("The expression can not be empty;"));
  }
  if (text.size() > kMaxExpressionBytes) {
    return std::unexpected(fmt::format(
        "Expression size has exceeded the maximum allowed size; expression size: {}", text.size()));
  }
  return {};
}

}  // namespace dew::dynamodb
