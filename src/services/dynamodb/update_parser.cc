#include <fmt/format.h>

#include <optional>
#include <set>

#include "services/dynamodb/expression_parser.h"
#include "services/dynamodb/parser_base.h"

namespace dew::dynamodb {
namespace {

class UpdateParser final : public ParserBase {
 public:
  using ParserBase::ParserBase;

  Parsed<UpdateExpression> parse() {
    std::set<UpdateAction::Kind> seen;
    do {
      const auto kind = section();
      if (!kind) return syntax_error();
      lexer_.advance();
      if (!seen.insert(*kind).second) {
        note(Mistake::kSection,
             fmt::format("The \"{}\" section can only be used once in an update expression;",
                         kSectionNames[static_cast<size_t>(*kind)]));
      }
      do {
        CHECK_OK(parse_action(*kind));
      } while (take(","));
    } while (!at_end());
    CHECK_OK(check_mistakes());
    out_.symbols = std::move(symbols_);
    return std::move(out_);
  }

 private:
  static constexpr std::array<std::string_view, 4> kSectionNames = {"SET", "REMOVE", "ADD",
                                                                    "DELETE"};

  // The section whose keyword is the current token.
  std::optional<UpdateAction::Kind> section() const {
    for (size_t i = 0; i < kSectionNames.size(); ++i) {
      if (at_word(kSectionNames[i])) return static_cast<UpdateAction::Kind>(i);
    }
    return std::nullopt;
  }

  bool is_keyword(std::string_view word) const override {
    for (const auto keyword : kSectionNames) {
      if (same_word(word, keyword)) return true;
    }
    return false;
  }

  Parsed<void> parse_action(UpdateAction::Kind kind) {
    UpdateAction action;
    action.kind = kind;
    TRY(action.path, parse_path());
    if (kind == UpdateAction::Kind::kSet) {
      CHECK_OK(expect("="));
      CHECK_OK(parse_set_value(action));
    } else if (kind != UpdateAction::Kind::kRemove) {
      if (lexer_.current().kind != TokenKind::kValuePlaceholder) return syntax_error();
      action.value = value_index(lexer_.current().text);
      lexer_.advance();
    }
    out_.actions.push_back(std::move(action));
    return {};
  }

  // operand, operand + operand, operand - operand, or one of these in parentheses.
  Parsed<void> parse_set_value(UpdateAction& action) {
    const Depth depth(*this);
    CHECK_OK(depth.check());
    if (take("(")) {
      CHECK_OK(parse_set_value(action));
      CHECK_OK(expect(")"));
      if (action.arithmetic != UpdateAction::Arithmetic::kNone) return {};
    } else {
      TRY(auto left, parse_operand());
      action.operands.push_back(std::move(left));
    }
    if (take("+")) {
      action.arithmetic = UpdateAction::Arithmetic::kPlus;
    } else if (take("-")) {
      action.arithmetic = UpdateAction::Arithmetic::kMinus;
    } else {
      return {};
    }
    CHECK_OK(count_operator());
    TRY(auto right, parse_operand());
    action.operands.push_back(std::move(right));
    return {};
  }

  Parsed<UpdateOperand> parse_operand() {
    const Depth depth(*this);
    CHECK_OK(depth.check());
    if (take("(")) {
      TRY(auto inner, parse_operand());
      CHECK_OK(expect(")"));
      return inner;
    }
    const Token token = lexer_.current();
    UpdateOperand operand;
    if (token.kind == TokenKind::kValuePlaceholder) {
      operand.kind = UpdateOperand::Kind::kValue;
      operand.value = value_index(token.text);
      lexer_.advance();
      return operand;
    }
    if (token.kind == TokenKind::kIdentifier && !is_keyword(token.text) &&
        lexer_.ahead().kind == TokenKind::kSymbol && lexer_.ahead().text == "(") {
      return parse_call();
    }
    TRY(operand.path, parse_path());
    return operand;
  }

  Parsed<UpdateOperand> parse_call() {
    const std::string called(lexer_.current().text);
    lexer_.advance();
    lexer_.advance();
    CHECK_OK(count_operator());
    std::vector<UpdateOperand> arguments;
    do {
      TRY(auto argument, parse_operand());
      arguments.push_back(std::move(argument));
    } while (take(","));
    CHECK_OK(expect(")"));
    UpdateOperand out;
    const bool if_not_exists = called == "if_not_exists";
    if (!if_not_exists && called != "list_append") {
      note(Mistake::kUnknownFunction, fmt::format("Invalid function name; function: {}", called));
      return out;
    }
    if (arguments.size() != 2) {
      late_error(
          fmt::format("Incorrect number of operands for operator or function; operator or "
                      "function: {}, number of "
                      "operands: {}",
                      called, arguments.size()));
      return out;
    }
    if (!if_not_exists) {
      out.kind = UpdateOperand::Kind::kListAppend;
      out.arguments = std::move(arguments);
      return out;
    }
    if (arguments[0].kind != UpdateOperand::Kind::kPath) {
      late_error(fmt::format(
          "Operator or function requires a document path; operator or function: {}", called));
      return out;
    }
    out.kind = UpdateOperand::Kind::kIfNotExists;
    out.path = std::move(arguments[0].path);
    out.arguments.push_back(std::move(arguments[1]));
    return out;
  }

  void late_error(std::string message) {
    if (out_.late_error.empty()) out_.late_error = std::move(message);
  }

  UpdateExpression out_;
};

class ProjectionParser final : public ParserBase {
 public:
  using ParserBase::ParserBase;

  Parsed<ProjectionExpression> parse() {
    ProjectionExpression out;
    do {
      TRY(auto path, parse_path());
      out.paths.push_back(std::move(path));
    } while (take(","));
    if (!at_end()) return syntax_error();
    CHECK_OK(check_mistakes());
    out.symbols = std::move(symbols_);
    return out;
  }

 private:
  bool is_keyword(std::string_view /*word*/) const override { return false; }
};

}  // namespace

std::expected<UpdateExpression, std::string> parse_update(std::string_view text) {
  CHECK_OK(check_text(text));
  return UpdateParser(text).parse();
}

std::expected<ProjectionExpression, std::string> parse_projection(std::string_view text) {
  CHECK_OK(check_text(text));
  return ProjectionParser(text).parse();
}

}  // namespace dew::dynamodb
