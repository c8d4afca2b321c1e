#include "services/logs/field_selection.h"

#include <fmt/format.h>

#include <algorithm>

namespace dew::logs {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '@';
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

using Answer = aws::ApiResult<bool>;

class Parser {
 public:
  Parser(std::string_view text, const SystemFields& fields) : text_(text), fields_(fields) {}

  Answer run() {
    skip();
    if (at_ == text_.size()) return true;
    TRY(const bool out, either());
    if (at_ < text_.size()) return fail("AND, OR or the end");
    return out;
  }

 private:
  std::unexpected<aws::ApiError> fail(std::string_view expected) const {
    return aws::fail("InvalidParameterException",
                     fmt::format("Invalid fieldSelectionCriteria: expected {} at position {}",
                                 expected, at_ + 1));
  }
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view sign) {
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    skip();
    return true;
  }
  bool take_word(std::string_view word) {
    size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (!std::ranges::equal(text_.substr(at_, end - at_), word, {}, lower)) return false;
    at_ = end;
    skip();
    return true;
  }

  Answer either() {
    TRY(bool out, both());
    while (take_word("or")) {
      TRY(const bool next, both());
      out |= next;
    }
    return out;
  }
  Answer both() {
    TRY(bool out, unary());
    while (take_word("and")) {
      TRY(const bool next, unary());
      out &= next;
    }
    return out;
  }
  Answer unary() {
    if (++depth_ > kMaxSelectionDepth) return fail("fewer levels");
    const auto out = one();
    --depth_;
    return out;
  }
  Answer one() {
    if (take_word("not")) {
      TRY(const bool out, unary());
      return !out;
    }
    if (take("(")) {
      TRY(const bool out, either());
      if (!take(")")) return fail(")");
      return out;
    }
    return comparison();
  }

  Answer comparison() {
    const std::string_view* value = nullptr;
    for (const std::string_view name : {"@aws.account", "@aws.region"}) {
      if (value == nullptr && take_word(name)) value = fields_.find(name);
    }
    if (value == nullptr) return fail("@aws.account or @aws.region");
    if (take("!=")) {
      TRY(const auto text, string());
      return text != *value;
    }
    if (take("=")) {
      TRY(const auto text, string());
      return text == *value;
    }
    const bool negated = take_word("not");
    if (!take_word("in")) return fail("=, !=, IN or NOT IN");
    if (!take("[")) return fail("[");
    bool found = false;
    do {
      TRY(const auto text, string());
      found |= text == *value;
    } while (take(","));
    if (!take("]")) return fail("]");
    return found != negated;
  }

  aws::ApiResult<std::string_view> string() {
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const size_t end =
        quote == '"' || quote == '\'' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) return fail("a quoted string");
    const auto out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    skip();
    return out;
  }

  const std::string_view text_;
  const SystemFields& fields_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

aws::ApiResult<bool> selects(std::string_view text, const SystemFields& fields) {
  return Parser(text, fields).run();
}

}  // namespace dew::logs
