#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "services/xray/filter_words.h"

namespace dew::xray {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}
// What an annotation's key may be made of; in brackets anything but a bracket.
// docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-annotations
bool is_key(char c) { return is_word(c) || c == '-'; }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    return upper(x) == upper(y);
  });
}

using Parsed = std::expected<Filter, std::string>;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed run() {
    if (text_.size() > kMaxFilterBytes) {
      return std::unexpected(
          fmt::format("the filter expression is longer than {} characters", kMaxFilterBytes));
    }
    auto filter = either();
    if (!filter) return filter;
    skip();
    if (at_ < text_.size()) return fail("unexpected text");
    return filter;
  }

 private:
  std::unexpected<std::string> fail(std::string_view what) const {
    return std::unexpected(fmt::format("{} at position {}", what, at_ + 1));
  }
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view peek_word() {
    skip();
    size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool take_word(std::string_view word) {
    if (!same_word(peek_word(), word)) return false;
    at_ += word.size();
    return true;
  }

  // Depth is counted where it grows: in parentheses, braces and after "!".
  // Without a word between them, both must hold: the page has "ok !partial duration <3".
  Parsed chain(std::string_view word, Filter::Kind kind, Parsed (Parser::*part)()) {
    auto first = (this->*part)();
    if (!first) return first;
    Filter out{.kind = kind};
    out.children.push_back(*std::move(first));
    while (take_word(word) || (kind == Filter::Kind::kAnd && more())) {
      auto next = (this->*part)();
      if (!next) return next;
      out.children.push_back(*std::move(next));
    }
    if (out.children.size() == 1) return std::move(out.children.front());
    return out;
  }
  // Whether another expression begins here.
  bool more() {
    const std::string_view word = peek_word();
    if (at_ >= text_.size()) return false;
    return word.empty() ? text_[at_] == '!' || text_[at_] == '(' : !same_word(word, "OR");
  }
  Parsed either() {
    if (++depth_ > kMaxFilterDepth) return fail("the filter expression is too deep");
    auto out = chain("OR", Filter::Kind::kOr, &Parser::both);
    --depth_;
    return out;
  }
  Parsed both() { return chain("AND", Filter::Kind::kAnd, &Parser::unary); }

  Parsed unary() {
    if (!take('!')) return primary();
    if (++depth_ > kMaxFilterDepth) return fail("the filter expression is too deep");
    auto operand = unary();
    --depth_;
    if (!operand) return operand;
    Filter out{.kind = Filter::Kind::kNot};
    out.children.push_back(*std::move(operand));
    return out;
  }

  Parsed primary() {
    if (take('(')) {
      auto inside = either();
      if (!inside) return inside;
      if (!take(')')) return fail("expected )");
      return inside;
    }
    const std::string_view word = peek_word();
    if (word.empty()) return fail("expected a keyword");
    if (in_cause_ &&
        (same_word(word, "service") || same_word(word, "edge") ||
         same_word(word.substr(0, 10), "annotation") || same_word(word.substr(0, 9), "rootcause")))
      return fail(fmt::format("root causes have no {}", word));
    if (same_word(word, "service") || same_word(word, "edge")) return node(word);
    constexpr std::string_view kAnnotation = "annotation.";
    if (same_word(word, "annotation") || same_word(word.substr(0, kAnnotation.size()), kAnnotation))
      return annotation(word);
    if (same_word(word, "json") || same_word(word, "rootcause.json")) return cause_like(word);
    if (same_word(word.substr(0, 9), "rootcause")) return cause(word);
    for (const auto& known : kWords) {
      if (!same_word(known.text, word)) continue;
      if (in_cause_ ? !is_of_cause(known.keyword) : is_of_list(known.keyword)) {
        if (in_cause_) return fail(fmt::format("root causes have no {}", word));
        return fail(fmt::format("only root causes have {}: rootcause.… {{ … }}", word));
      }
      at_ += word.size();
      Filter out;
      out.keyword = known.keyword;
      return comparison(std::move(out));
    }
    return fail(fmt::format("unknown keyword {}", word));
  }

  // rootcause.fault.service { … }
  Parsed cause(std::string_view word) {
    Filter out{.kind = Filter::Kind::kCause};
    bool known = false;
    for (const auto& [cause_word, cause] : kCauses) {
      for (const auto& [element_word, element] : kElements) {
        if (!same_word(word, fmt::format("rootcause.{}.{}", cause_word, element_word))) continue;
        out.cause = cause;
        out.element = element;
        known = true;
      }
    }
    if (!known) {
      return fail(
          "expected rootcause.json, or rootcause.fault, .error or .responsetime with .service, "
          ".entity or .exception");
    }
    at_ += word.size();
    if (!take('{')) return out;
    in_cause_ = true;
    auto inside = either();
    in_cause_ = false;
    if (!inside) return inside;
    if (!take('}')) return fail("expected }");
    out.children.push_back(*std::move(inside));
    return out;
  }

  // rootcause.json = #[{ … }]
  Parsed cause_like(std::string_view word) {
    if (in_cause_) return fail(fmt::format("root causes have no {}", word));
    at_ += word.size();
    Filter out{.kind = Filter::Kind::kCauseLike};
    const auto sign = comparison_sign();
    if (!sign || (*sign != Comparison::kEqual && *sign != Comparison::kNotEqual))
      return fail("expected = or !=");
    out.comparison = *sign;
    if (!take('#')) return fail("expected # and a JSON array");
    const auto text = json_text();
    auto parsed = json::parse(text);
    const auto* list = parsed ? parsed->if_array() : nullptr;
    if (list == nullptr || list->empty() ||
        !std::ranges::all_of(*list, [](const json::Value& one) { return one.is_object(); }))
      return fail("expected a JSON array of root causes after #");
    out.pattern = *list;
    at_ += text.size();
    return out;
  }

  // From here to the bracket that closes the one here.
  std::string_view json_text() {
    skip();
    int open = 0;
    bool quoted = false;
    for (size_t i = at_; i < text_.size(); ++i) {
      const char c = text_[i];
      if (quoted) {
        if (c == '\\') ++i;
        quoted = c != '"';
        continue;
      }
      quoted = c == '"';
      open += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
      if (open <= 0) return text_.substr(at_, i + 1 - at_);
    }
    return {};
  }

  Parsed annotation(std::string_view word) {
    constexpr std::string_view kName = "annotation";
    Filter out;
    out.keyword = Keyword::kAnnotation;
    at_ += kName.size();
    if (word.size() > kName.size() + 1) {
      ++at_;
      const size_t begin = at_;
      while (at_ < text_.size() && is_key(text_[at_])) ++at_;
      out.key = text_.substr(begin, at_ - begin);
    } else if (take('[')) {
      skip();
      if (at_ < text_.size() && text_[at_] == '"') {
        auto quoted = string();
        if (!quoted) return std::unexpected(quoted.error());
        out.key = *std::move(quoted);
      } else {
        const size_t begin = at_;
        while (at_ < text_.size() && is_key(text_[at_])) ++at_;
        out.key = text_.substr(begin, at_ - begin);
      }
      if (out.key.empty()) return fail("expected an annotation's key");
      if (!take(']')) return fail("expected ]");
    } else {
      return fail("expected [ and an annotation's key");
    }
    return comparison(std::move(out));
  }

  // What follows a keyword: nothing, or an operator and a value.
  Parsed comparison(Filter out) {
    const auto found = comparison_sign();
    const Type type = type_of(out.keyword);
    if (!found) {
      if (type != Type::kNumber && !is_group(out.keyword)) {
        out.kind = Filter::Kind::kFlag;
        return out;
      }
      return fail("expected an operator");
    }
    out.kind = Filter::Kind::kCompare;
    out.comparison = *found;
    const bool of_text = *found >= Comparison::kContains;
    const bool ordered = *found >= Comparison::kLess && !of_text;
    auto literal = value();
    if (!literal) return std::unexpected(literal.error());
    out.literal = *std::move(literal);
    const bool text = std::holds_alternative<std::string>(out.literal);
    const bool number = std::holds_alternative<double>(out.literal);
    const bool fits = type == Type::kAny || (type == Type::kString && text) ||
                      (type == Type::kNumber && number) ||
                      (type == Type::kBoolean && !text && !number);
    if (!fits) return fail("the value is not of the keyword's type");
    if ((of_text && !text) || (ordered && !number))
      return fail("the operator does not go with the value");
    if (is_group(out.keyword) && *found != Comparison::kEqual && *found != Comparison::kNotEqual)
      return fail("groups are compared with = and != only");
    return out;
  }

  std::optional<Comparison> comparison_sign() {
    skip();
    const std::string_view rest = text_.substr(at_);
    for (const auto& sign : kSigns) {
      if (!rest.starts_with(sign.text)) continue;
      at_ += sign.text.size();
      return sign.comparison;
    }
    for (const auto& verb : kVerbs) {
      if (take_word(verb.text)) return verb.comparison;
    }
    return std::nullopt;
  }

  std::expected<Literal, std::string> value() {
    skip();
    if (at_ < text_.size() && text_[at_] == '"') {
      auto text = string();
      if (!text) return std::unexpected(text.error());
      return *std::move(text);
    }
    if (take_word("true")) return true;
    if (take_word("false")) return false;
    double number = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (error != std::errc() || !std::isfinite(number)) return fail("expected a value");
    at_ += static_cast<size_t>(end - begin);
    return number;
  }

  std::expected<std::string, std::string> string() {
    skip();
    if (at_ >= text_.size() || text_[at_] != '"') return fail("expected a quoted string");
    std::string out;
    for (size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '"') {
        at_ = i + 1;
        return out;
      }
      if (text_[i] == '\\' && i + 1 < text_.size()) ++i;
      out += text_[i];
    }
    return fail("a string without its end");
  }

  Parsed node(std::string_view word) {
    const bool edge = same_word(word, "edge");
    Filter out{.kind = edge ? Filter::Kind::kEdge : Filter::Kind::kService};
    at_ += word.size();
    if (!take('(')) return fail("expected (");
    if (!take(')')) {
      auto source = node_id();
      if (!source) return std::unexpected(source.error());
      out.source = *std::move(source);
      if (edge) {
        if (!take(',')) return fail("expected , and the called service");
        auto target = node_id();
        if (!target) return std::unexpected(target.error());
        out.target = *std::move(target);
      }
      if (!take(')')) return fail("expected )");
    }
    if (!take('{')) return out;
    auto inside = either();
    if (!inside) return inside;
    if (!take('}')) return fail("expected }");
    out.children.push_back(*std::move(inside));
    return out;
  }

  std::expected<NodeId, std::string> node_id() {
    NodeId out;
    if (!take_word("id")) {
      auto name = string();
      if (!name) return std::unexpected(name.error());
      out.name = *std::move(name);
      return out;
    }
    if (!take('(')) return fail("expected (");
    do {
      std::optional<std::string>* part = nullptr;
      if (take_word("name")) {
        part = &out.name;
      } else if (take_word("type")) {
        part = &out.type;
      } else if (take_word("account.id")) {
        part = &out.account;
      } else {
        return fail("expected name, type or account.id");
      }
      if (*part) return fail("a part of an id is given twice");
      if (!take(':')) return fail("expected :");
      auto text = string();
      if (!text) return std::unexpected(text.error());
      *part = *std::move(text);
    } while (take(','));
    if (!take(')')) return fail("expected )");
    return out;
  }

  const std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool in_cause_ = false;
};

}  // namespace

std::expected<Filter, std::string> parse_filter(std::string_view text) {
  return Parser(text).run();
}

}  // namespace dew::xray
