#include "services/cloudwatch/math_expression.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace dew::cloudwatch {

namespace {

using Kind = Expression::Kind;
using Parsed = Result<Expression>;

bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed parse() {
    TRY(auto out, level(0, 0));
    space();
    if (at_ < text_.size()) return wrong("an operator");
    return out;
  }

 private:
  // Operators by how they bind, the loosest first. Longer ones before their beginnings.
  static constexpr std::array<std::array<std::string_view, 6>, 5> kLevels = {{
      {"OR", "||"},
      {"AND", "&&"},
      {"==", "!=", "<=", ">=", "<", ">"},
      {"+", "-"},
      {"*", "/"},
  }};

  std::unexpected<Error> wrong(std::string_view expected) const {
    if (at_ >= text_.size())
      return fail(ErrorKind::kInvalid, fmt::format("{} is missing at the end", expected));
    return fail(ErrorKind::kInvalid, fmt::format("expected {} at character {}, at \"{}\"", expected,
                                                 at_ + 1, text_.substr(at_, 20)));
  }

  void space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool accept(std::string_view token) {
    space();
    if (!text_.substr(at_).starts_with(token)) return false;
    // AND is no beginning of ANDY.
    if (letter(token.front()) && at_ + token.size() < text_.size() &&
        word(text_[at_ + token.size()]))
      return false;
    at_ += token.size();
    return true;
  }

  std::string_view accept_of(const std::array<std::string_view, 6>& tokens) {
    for (const auto token : tokens) {
      if (!token.empty() && accept(token)) return token;
    }
    return {};
  }

  Parsed level(size_t which, int depth) {
    if (depth > kMaxExpressionDepth)
      return fail(ErrorKind::kInvalid, "the expression is nested too deeply");
    if (which == kLevels.size()) return unary(depth);
    TRY(auto left, level(which + 1, depth));
    while (true) {
      auto token = accept_of(kLevels[which]);
      if (token.empty()) return left;
      if (token == "||") token = "OR";
      if (token == "&&") token = "AND";
      TRY(auto right, level(which + 1, depth + 1));
      Expression joined{.kind = Kind::kOperator, .text = std::string(token)};
      joined.parts.push_back(std::move(left));
      joined.parts.push_back(std::move(right));
      left = std::move(joined);
      // A chain nests to the left.
      if (++chained_ > kMaxExpressionBytes / 2)
        return fail(ErrorKind::kInvalid, "the expression has too many operators");
    }
  }

  Parsed unary(int depth) {
    if (depth > kMaxExpressionDepth)
      return fail(ErrorKind::kInvalid, "the expression is nested too deeply");
    if (accept("-")) {
      TRY(auto operand, unary(depth + 1));
      Expression out{.kind = Kind::kNegate};
      out.parts.push_back(std::move(operand));
      return out;
    }
    TRY(auto base, atom(depth));
    if (!accept("^")) return base;
    TRY(auto power, unary(depth + 1));
    Expression out{.kind = Kind::kOperator, .text = "^"};
    out.parts.push_back(std::move(base));
    out.parts.push_back(std::move(power));
    return out;
  }

  Result<void> list(std::string_view end, int depth, std::vector<Expression>& out) {
    if (accept(end)) return {};
    do {
      TRY(auto element, level(0, depth + 1));
      out.push_back(std::move(element));
    } while (accept(","));
    if (!accept(end)) return wrong(fmt::format("\",\" or \"{}\"", end));
    return {};
  }

  Parsed atom(int depth) {
    space();
    if (at_ >= text_.size()) return wrong("a value");
    const char c = text_[at_];
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.') return number();
    if (c == '\'' || c == '"') return string();
    if (letter(c)) return name(depth);
    if (accept("(")) {
      TRY(auto inner, level(0, depth + 1));
      if (!accept(")")) return wrong("\")\"");
      return inner;
    }
    if (accept("[")) {
      Expression out{.kind = Kind::kArray};
      CHECK_OK(list("]", depth, out.parts));
      if (out.parts.empty()) return wrong("a value in the array");
      return out;
    }
    return wrong("a value");
  }

  Parsed number() {
    Expression out;
    const auto rest = text_.substr(at_);
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out.number);
    if (error != std::errc() || !std::isfinite(out.number)) return wrong("a number");
    at_ += static_cast<size_t>(end - rest.data());
    if (at_ < text_.size() && word(text_[at_])) return wrong("an operator");
    return out;
  }

  Parsed string() {
    const char quote = text_[at_];
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return wrong("a string that ends");
    Expression out{.kind = Kind::kString,
                   .text = std::string(text_.substr(at_ + 1, end - at_ - 1))};
    at_ = end + 1;
    return out;
  }

  Parsed name(int depth) {
    size_t end = at_;
    while (end < text_.size() && word(text_[end])) ++end;
    Expression out{.kind = Kind::kId, .text = std::string(text_.substr(at_, end - at_))};
    if (std::islower(static_cast<unsigned char>(out.text.front())) != 0) {
      at_ = end;
      return out;
    }
    // Also the words of SORT and FILL.
    at_ = end;
    out.kind = Kind::kFunction;
    if (accept("(")) {
      CHECK_OK(list(")", depth, out.parts));
      return out;
    }
    out.kind = Kind::kString;
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t chained_ = 0;
};

}  // namespace

Result<Expression> Expression::parse(std::string_view text) {
  if (text.size() > kMaxExpressionBytes)
    return fail(ErrorKind::kInvalid,
                fmt::format("the expression is longer than {} bytes", kMaxExpressionBytes));
  return Parser(text).parse();
}

std::string Expression::to_text() const {
  const auto joined = [this] {
    std::string out;
    for (const auto& part : parts) {
      if (!out.empty()) out += ", ";
      out += part.to_text();
    }
    return out;
  };
  switch (kind) {
    case Kind::kNumber:
      return fmt::format("{}", number);
    case Kind::kString:
      return text.find('"') == std::string::npos ? "\"" + text + "\"" : "'" + text + "'";
    case Kind::kId:
      return text;
    case Kind::kFunction:
      return text + "(" + joined() + ")";
    case Kind::kNegate:
      return "(-" + parts[0].to_text() + ")";
    case Kind::kArray:
      return "[" + joined() + "]";
    case Kind::kOperator:
      return "(" + parts[0].to_text() + " " + text + " " + parts[1].to_text() + ")";
  }
  return {};
}

void Expression::ids(std::vector<std::string>& out) const {
  if (kind == Kind::kId) out.push_back(text);
  for (const auto& part : parts) part.ids(out);
}

bool Expression::calls(std::string_view function) const {
  if (kind == Kind::kFunction && text == function) return true;
  for (const auto& part : parts) {
    if (part.calls(function)) return true;
  }
  return false;
}

}  // namespace dew::cloudwatch
