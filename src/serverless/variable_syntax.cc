#include "serverless/variable_syntax.h"

#include <fmt/format.h>

#include <charconv>

namespace dew::serverless {

bool Template::has_variables() const {
  for (const auto& part : parts) {
    if (part.variable) return true;
  }
  return false;
}

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alnum(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Template> run() { return parse_until("", 0); }

 private:
  bool at(size_t i, char c) const { return i < text_.size() && text_[i] == c; }
  void skip_spaces() {
    while (at(pos_, ' ')) ++pos_;
  }
  std::unexpected<Error> bad(std::string_view what) const {
    const size_t end = text_.find('}', start_);
    return fail(
        ErrorKind::kInvalid,
        fmt::format(
            "{} in the variable {}", what,
            text_.substr(start_, std::min<size_t>(
                                     end == std::string_view::npos ? 80 : end + 1 - start_, 80))));
  }

  // Up to (not over) one of `stops` outside of a nested variable, or the end of the text where
  // there are none.
  Result<Template> parse_until(std::string_view stops, int depth) {
    Template out;
    std::string literal;
    while (pos_ < text_.size() && stops.find(text_[pos_]) == std::string_view::npos) {
      if (text_[pos_] == '\\') {
        take_escapes(literal);
        continue;
      }
      if (text_[pos_] == '$' && at(pos_ + 1, '{') && looks_like_variable(pos_ + 2)) {
        if (!literal.empty()) out.parts.push_back({std::exchange(literal, {}), nullptr});
        TRY(auto variable, parse_variable(depth + 1));
        out.parts.push_back({{}, std::make_shared<const Variable>(std::move(variable))});
        continue;
      }
      literal += text_[pos_++];
    }
    if (!literal.empty()) out.parts.push_back({std::move(literal), nullptr});
    return out;
  }

  // Backslashes count only before ${: two stand for one, an odd one makes the ${ plain text.
  void take_escapes(std::string& literal) {
    size_t end = pos_;
    while (at(end, '\\')) ++end;
    const size_t slashes = end - pos_;
    if (!(at(end, '$') && at(end + 1, '{'))) {
      literal.append(slashes, '\\');
      pos_ = end;
      return;
    }
    literal.append(slashes / 2, '\\');
    pos_ = end;
    if (slashes % 2 == 1) {
      literal += "${";
      pos_ += 2;
    }
  }

  // A lower-case type followed by ':' (but not '::') or '('.
  bool looks_like_variable(size_t i) const {
    if (i >= text_.size() || !is_lower(text_[i])) return false;
    while (i < text_.size() && is_alnum(text_[i])) ++i;
    return at(i, '(') || (at(i, ':') && !at(i + 1, ':'));
  }

  Result<Variable> parse_variable(int depth) {
    const size_t begin = pos_;
    start_ = begin;
    if (depth > kVariableDepth)
      return bad(fmt::format("more than {} variables within each other", kVariableDepth));
    pos_ += 2;
    Variable variable;
    while (true) {
      if (variable.sources.size() == kSources)
        return bad(fmt::format("more than {} sources", kSources));
      skip_spaces();
      TRY(auto source, parse_source(depth));
      start_ = begin;
      variable.sources.push_back(std::move(source));
      skip_spaces();
      if (at(pos_, '}')) break;
      if (!at(pos_, ','))
        return bad(pos_ >= text_.size() ? "missing }"
                                        : fmt::format("unexpected '{}'", text_[pos_]));
      ++pos_;
    }
    ++pos_;
    variable.text = text_.substr(begin, pos_ - begin);
    return variable;
  }

  Result<Source> parse_source(int depth) {
    Source source;
    if (at(pos_, '"') || at(pos_, '\'')) {
      TRY(auto text, parse_quoted());
      source.literal = Node::of(std::move(text));
      return source;
    }
    const size_t begin = pos_;
    while (pos_ < text_.size() &&
           (is_alnum(text_[pos_]) || text_[pos_] == '.' || text_[pos_] == '-'))
      ++pos_;
    const std::string_view word = text_.substr(begin, pos_ - begin);
    if (!at(pos_, ':') && !at(pos_, '(')) return parse_literal(word);
    source.type = word;
    if (at(pos_, '(')) CHECK_OK(parse_params(source, depth));
    if (!at(pos_, ':')) return source;
    ++pos_;
    skip_spaces();
    if (at(pos_, '"') || at(pos_, '\'')) {
      TRY(auto text, parse_quoted());
      source.address.emplace().parts.push_back({std::move(text), nullptr});
      return source;
    }
    TRY(auto address, parse_until(",}", depth));
    trim_end(address);
    if (!address.parts.empty()) source.address = std::move(address);
    return source;
  }

  Result<void> parse_params(Source& source, int depth) {
    ++pos_;
    while (true) {
      skip_spaces();
      if (source.params.size() == kSources) return bad("too many parameters");
      Template param;
      if (at(pos_, '"') || at(pos_, '\'')) {
        TRY(auto text, parse_quoted());
        param.parts.push_back({std::move(text), nullptr});
        skip_spaces();
      } else {
        TRY(param, parse_until(",)}", depth));
        trim_end(param);
      }
      if (!param.parts.empty() || at(pos_, ',')) source.params.push_back(std::move(param));
      if (at(pos_, ')')) break;
      if (!at(pos_, ',')) return bad("missing )");
      ++pos_;
    }
    ++pos_;
    skip_spaces();
    return {};
  }

  static void trim_end(Template& text) {
    while (!text.parts.empty() && !text.parts.back().variable) {
      auto& last = text.parts.back().text;
      last.resize(last.find_last_not_of(' ') + 1);
      if (!last.empty()) return;
      text.parts.pop_back();
    }
  }

  Result<Source> parse_literal(std::string_view word) const {
    Source source;
    if (word == "true" || word == "false") {
      source.literal = Node::of(word == "true");
    } else if (word != "null") {
      double number = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      int64_t integer = 0;
      const auto [int_end, int_error] =
          std::from_chars(word.data(), word.data() + word.size(), integer);
      if (word.empty()) return bad(pos_ >= text_.size() ? "missing }" : "an empty source");
      if (int_error == std::errc{} && int_end == word.data() + word.size()) {
        source.literal = Node::of(integer);
      } else if (error == std::errc{} && end == word.data() + word.size()) {
        source.literal = Node::of(number);
      } else {
        return bad(fmt::format(
            "'{0}' is neither a source (type:address) nor a literal; text needs quotes ('{0}')",
            word));
      }
    }
    return source;
  }

  Result<std::string> parse_quoted() {
    const char quote = text_[pos_++];
    std::string out;
    while (pos_ < text_.size() && text_[pos_] != quote) {
      if (quote == '"' && text_[pos_] == '\\' && pos_ + 1 < text_.size()) {
        ++pos_;
        const char c = text_[pos_];
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
      } else {
        out += text_[pos_];
      }
      ++pos_;
    }
    if (pos_ >= text_.size()) return bad("a missing closing quote");
    ++pos_;
    return out;
  }

  std::string_view text_;
  size_t pos_ = 0;
  size_t start_ = 0;  // of the variable that is being read
};

}  // namespace

Result<Template> parse_template(std::string_view text) { return Parser(text).run(); }

}  // namespace dew::serverless
