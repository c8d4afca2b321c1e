#include <fmt/format.h>

#include <optional>

#include "services/dynamodb/expression_parser.h"
#include "services/dynamodb/parser_base.h"

namespace dew::dynamodb {
namespace {

std::optional<Function> function_from_name(std::string_view text) {
  for (const auto function :
       {Function::kAttributeExists, Function::kAttributeNotExists, Function::kAttributeType,
        Function::kBeginsWith, Function::kContains}) {
    if (name(function) == text) return function;
  }
  return std::nullopt;
}

std::optional<Comparator> comparator_from(const Token& token) {
  if (token.kind != TokenKind::kSymbol) return std::nullopt;
  for (const auto comparator :
       {Comparator::kEqual, Comparator::kNotEqual, Comparator::kLess, Comparator::kLessOrEqual,
        Comparator::kGreater, Comparator::kGreaterOrEqual}) {
    if (symbol(comparator) == token.text) return comparator;
  }
  return std::nullopt;
}

// A condition or a mere operand: which of the two a parenthesis holds shows only at its end.
struct Node {
  bool is_condition = false;
  bool parenthesized = false;
  Condition condition;
  Operand operand;
  std::string function;    // the operand is a call of it
  std::string late_error;  // of the operand
};

class ConditionParser final : public ParserBase {
 public:
  using ParserBase::ParserBase;

  Parsed<ConditionExpression> parse() {
    TRY(auto node, parse_or());
    if (!at_end()) return syntax_error();
    CHECK_OK(require_condition(node));
    CHECK_OK(check_mistakes());
    return ConditionExpression{std::move(symbols_), std::move(node.condition)};
  }

 private:
  bool is_keyword(std::string_view word) const override {
    return same_word(word, "AND") || same_word(word, "OR") || same_word(word, "NOT") ||
           same_word(word, "BETWEEN") || same_word(word, "IN");
  }

  // An operand cannot stand where a condition must; of size(...) AWS says so in words.
  Parsed<void> require_condition(const Node& node) {
    if (node.is_condition) return {};
    if (node.function.empty()) return syntax_error();
    misused(node.function);
    return {};
  }

  void misused(std::string_view function) {
    note(Mistake::kMisusedFunction,
         fmt::format(
             "The function is not allowed to be used this way in an expression; function: {}",
             function));
  }

  template <class Next>
  Parsed<Node> parse_chain(Condition::Kind kind, std::string_view word, Next next) {
    TRY(Node first, next());
    if (!at_word(word)) return first;
    CHECK_OK(require_condition(first));
    Node out;
    out.is_condition = true;
    out.condition.kind = kind;
    out.condition.children.push_back(std::move(first.condition));
    while (take_word(word)) {
      CHECK_OK(count_operator());
      TRY(Node more, next());
      CHECK_OK(require_condition(more));
      out.condition.children.push_back(std::move(more.condition));
    }
    return out;
  }

  Parsed<Node> parse_or() {
    return parse_chain(Condition::Kind::kOr, "OR", [this] { return parse_and(); });
  }

  Parsed<Node> parse_and() {
    return parse_chain(Condition::Kind::kAnd, "AND", [this] { return parse_not(); });
  }

  Parsed<Node> parse_not() {
    if (!take_word("NOT")) return parse_comparison();
    CHECK_OK(count_operator());
    TRY(Node inner, parse_comparison());
    CHECK_OK(require_condition(inner));
    Node out;
    out.is_condition = true;
    out.condition.kind = Condition::Kind::kNot;
    out.condition.children.push_back(std::move(inner.condition));
    return out;
  }

  Parsed<Node> parse_comparison() {
    TRY(Node left, parse_primary());
    const auto comparator = comparator_from(lexer_.current());
    const bool between = at_word("BETWEEN");
    const bool in = at_word("IN");
    if (!comparator && !between && !in) return left;
    if (left.is_condition) {
      // f(...) = x is a misuse; (a = b) = c is no expression at all.
      if (left.condition.kind != Condition::Kind::kFunction || left.parenthesized)
        return syntax_error();
      misused(name(left.condition.function));
    }
    lexer_.advance();
    CHECK_OK(count_operator());
    Node out;
    out.is_condition = true;
    out.condition.late_error = left.late_error;
    out.condition.operands.push_back(std::move(left.operand));
    if (comparator) {
      out.condition.kind = Condition::Kind::kCompare;
      out.condition.comparator = *comparator;
      CHECK_OK(parse_argument(out.condition));
    } else if (between) {
      out.condition.kind = Condition::Kind::kBetween;
      CHECK_OK(parse_argument(out.condition));
      if (!take_word("AND")) return syntax_error();
      CHECK_OK(parse_argument(out.condition));
    } else {
      out.condition.kind = Condition::Kind::kIn;
      CHECK_OK(expect("("));
      CHECK_OK(parse_arguments(out.condition));
      const size_t count = out.condition.operands.size() - 1;
      if (count > kMaxInOperands && out.condition.late_error.empty()) {
        out.condition.late_error = fmt::format(
            "The IN operator is provided with too many operands; number of operands: {}", count);
      }
    }
    return out;
  }

  // One operand of an operator or function.
  Parsed<void> parse_argument(Condition& condition) {
    TRY(Node node, parse_primary());
    if (node.is_condition) {
      if (node.condition.kind != Condition::Kind::kFunction || node.parenthesized)
        return syntax_error();
      misused(name(node.condition.function));
    }
    if (condition.late_error.empty()) condition.late_error = std::move(node.late_error);
    condition.operands.push_back(std::move(node.operand));
    return {};
  }

  // The rest of "( operand, ... )".
  Parsed<void> parse_arguments(Condition& condition) {
    do {
      CHECK_OK(parse_argument(condition));
    } while (take(","));
    return expect(")");
  }

  Parsed<Node> parse_primary() {
    const Depth depth(*this);
    CHECK_OK(depth.check());
    if (take("(")) return parse_group();
    const Token token = lexer_.current();
    Node out;
    if (token.kind == TokenKind::kValuePlaceholder) {
      out.operand.kind = Operand::Kind::kValue;
      out.operand.value = value_index(token.text);
      lexer_.advance();
      return out;
    }
    if (token.kind == TokenKind::kIdentifier && !is_keyword(token.text) &&
        lexer_.ahead().kind == TokenKind::kSymbol && lexer_.ahead().text == "(") {
      return parse_call();
    }
    TRY(out.operand.path, parse_path());
    return out;
  }

  // The rest of "( condition or operand )".
  Parsed<Node> parse_group() {
    TRY(Node inner, parse_or());
    CHECK_OK(expect(")"));
    if (inner.parenthesized)
      note(Mistake::kParentheses, "The expression has redundant parentheses;");
    inner.parenthesized = true;
    if (!inner.is_condition && inner.operand.kind == Operand::Kind::kPath &&
        !inner.operand.size_of) {
      CHECK_OK(parse_path_rest(inner.operand.path));
    }
    return inner;
  }

  Parsed<Node> parse_call() {
    const std::string called(lexer_.current().text);
    lexer_.advance();
    lexer_.advance();
    CHECK_OK(count_operator());
    Condition call;
    call.kind = Condition::Kind::kFunction;
    CHECK_OK(parse_arguments(call));
    const auto wrong_count = [&](size_t count) {
      if (call.operands.size() == count) return;
      call.late_error = fmt::format(
          "Incorrect number of operands for operator or function; operator or function: {}, number "
          "of "
          "operands: {}",
          called, call.operands.size());
    };
    Node out;
    if (called == "size") {
      wrong_count(1);
      out.function = called;
      out.operand = std::move(call.operands[0]);
      if (out.operand.size_of && call.late_error.empty()) {
        call.late_error =
            "Incorrect operand type for operator or function; operator or function: size, operand "
            "type: N";
      }
      out.operand.size_of = true;
      out.late_error = std::move(call.late_error);
      return out;
    }
    out.is_condition = true;
    const auto function = function_from_name(called);
    if (function) {
      call.function = *function;
      wrong_count(operand_count(*function));
    } else {
      note(Mistake::kUnknownFunction, fmt::format("Invalid function name; function: {}", called));
    }
    out.condition = std::move(call);
    return out;
  }
};

}  // namespace

std::expected<ConditionExpression, std::string> parse_condition(std::string_view text) {
  CHECK_OK(check_text(text));
  return ConditionParser(text).parse();
}

}  // namespace dew::dynamodb
