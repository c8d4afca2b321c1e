#include "services/apigateway/template.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace dew::apigateway {

namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kHeaderOverride = "context.responseOverride.header.";
constexpr std::string_view kStatusOverride = "context.responseOverride.status";

struct Value {
  bool defined = true;
  std::string text;
  bool truthy() const { return defined && text != "false" && text != "null"; }
};

}  // namespace

struct Expression {
  enum class Kind {
    kLiteral,
    kReference,
    kParameter,
    kBody,
    kMatches,
    kEqual,
    kNotEqual,
    kAnd,
    kOr,
    kNot
  };
  Kind kind = Kind::kLiteral;
  std::string text;    // the literal, the reference's dotted name, the parameter's name
  std::string source;  // of a reference: how it is written, shown when it has no value
  bool quiet = false;  // $!name
  std::shared_ptr<const RE2> pattern;
  std::vector<Expression> operands;
};

struct Directive;
struct Template::Block {
  std::vector<Directive> directives;
};

struct Directive {
  enum class Kind { kText, kValue, kSet, kIf };
  Kind kind = Kind::kText;
  std::string text;  // the text, or the name that #set assigns to
  Expression expression;
  std::vector<std::pair<Expression, std::shared_ptr<const Template::Block>>> branches;
  std::shared_ptr<const Template::Block> otherwise;
};

namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

Error unsupported_construct(std::string_view what) {
  return {ErrorKind::kInvalid,
          fmt::format("Dewpoint does not support {} in mapping templates yet", what)};
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  // Until one of #elseif, #else, #end (left unread) or the end of the text.
  Result<std::shared_ptr<Template::Block>> block(int depth) {
    if (depth > kMaxDepth)
      return fail(ErrorKind::kInvalid, "The mapping template nests too deeply");
    auto out = std::make_shared<Template::Block>();
    std::string text;
    const auto flush = [&] {
      if (text.empty()) return;
      Directive directive;
      directive.text = std::exchange(text, {});
      out->directives.push_back(std::move(directive));
    };
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#' && starts("##")) {
        at_ = std::min(text_.find('\n', at_), text_.size() - 1) + 1;
      } else if (c == '#' && (starts("#elseif") || starts("#else") || starts("#end"))) {
        break;
      } else if (c == '#' && at_ + 1 < text_.size() &&
                 (is_name_start(text_[at_ + 1]) ||
                  std::string_view("*[{").find(text_[at_ + 1]) != std::string_view::npos)) {
        flush();
        TRY(auto directive, this->directive(depth));
        out->directives.push_back(std::move(directive));
      } else if (c == '$' && starts_reference()) {
        flush();
        Directive directive;
        directive.kind = Directive::Kind::kValue;
        TRY(directive.expression, reference(depth));
        out->directives.push_back(std::move(directive));
      } else {
        text += c;
        ++at_;
      }
    }
    flush();
    return out;
  }

  bool done() const { return at_ == text_.size(); }
  std::string rest() const { return std::string(text_.substr(at_, 24)); }

 private:
  bool starts(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  bool accept(std::string_view word) {
    if (!starts(word)) return false;
    at_ += word.size();
    return true;
  }
  void spaces() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  void end_of_line() {  // a directive alone at the end of a line swallows the line's end
    size_t at = at_;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
    if (at < text_.size() && text_[at] == '\n') at_ = at + 1;
  }
  bool starts_reference() const {
    size_t at = at_ + 1;
    if (at < text_.size() && text_[at] == '!') ++at;
    if (at < text_.size() && text_[at] == '{') ++at;
    return at < text_.size() && is_name_start(text_[at]);
  }
  std::string word() {
    const size_t start = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  std::unexpected<Error> wrong(std::string_view expected) const {
    return fail(ErrorKind::kInvalid,
                fmt::format("The mapping template is not valid: {} expected before '{}'", expected,
                            text_.substr(at_, 24)));
  }

  Result<Directive> directive(int depth) {
    Directive out;
    if (accept("#set")) {
      spaces();
      if (!accept("(")) return wrong("(");
      spaces();
      if (!starts("$")) return wrong("a reference");
      TRY(auto target, reference(depth));
      if (target.kind != Expression::Kind::kReference) return wrong("a name");
      if (target.text.find('.') != std::string::npos && !target.text.starts_with(kHeaderOverride) &&
          target.text != kStatusOverride) {
        return std::unexpected(unsupported_construct("assignment to $" + target.text));
      }
      spaces();
      if (!accept("=")) return wrong("=");
      out.kind = Directive::Kind::kSet;
      out.text = target.text;
      TRY(out.expression, either(depth + 1));
      spaces();
      if (!accept(")")) return wrong(")");
      end_of_line();
      return out;
    }
    if (!accept("#if")) {
      const size_t start = at_++;
      word();
      return std::unexpected(
          unsupported_construct(text_.substr(start, std::max<size_t>(at_ - start, 2))));
    }
    out.kind = Directive::Kind::kIf;
    do {
      TRY(auto condition, this->condition(depth));
      end_of_line();
      TRY(auto body, block(depth + 1));
      out.branches.emplace_back(std::move(condition), std::move(body));
    } while (accept("#elseif"));
    if (accept("#else")) {
      end_of_line();
      TRY(out.otherwise, block(depth + 1));
    }
    if (!accept("#end")) return wrong("#end");
    end_of_line();
    return out;
  }

  Result<Expression> condition(int depth) {
    spaces();
    if (!accept("(")) return wrong("(");
    TRY(auto out, either(depth + 1));
    spaces();
    if (!accept(")")) return wrong(")");
    return out;
  }

  static Expression binary(Expression::Kind kind, Expression left, Expression right) {
    Expression out;
    out.kind = kind;
    out.operands.push_back(std::move(left));
    out.operands.push_back(std::move(right));
    return out;
  }

  Result<Expression> either(int depth) {
    TRY(auto left, both(depth));
    for (spaces(); accept("||"); spaces()) {
      TRY(auto right, both(depth));
      left = binary(Expression::Kind::kOr, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expression> both(int depth) {
    TRY(auto left, comparison(depth));
    for (spaces(); accept("&&"); spaces()) {
      TRY(auto right, comparison(depth));
      left = binary(Expression::Kind::kAnd, std::move(left), std::move(right));
    }
    return left;
  }

  Result<Expression> comparison(int depth) {
    TRY(auto left, primary(depth));
    spaces();
    if (accept("==")) {
      TRY(auto right, primary(depth));
      return binary(Expression::Kind::kEqual, std::move(left), std::move(right));
    }
    if (accept("!=")) {
      TRY(auto right, primary(depth));
      return binary(Expression::Kind::kNotEqual, std::move(left), std::move(right));
    }
    if (starts("<") || starts(">") || starts("+") || starts("*") || starts("/") || starts("%")) {
      return std::unexpected(
          unsupported_construct(fmt::format("the operator {}", text_.substr(at_, 1))));
    }
    return left;
  }

  Result<std::string> quoted() {
    const char quote = text_[at_++];
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) return wrong("a closing quote");
    std::string out(text_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }

  Result<Expression> primary(int depth) {
    if (depth > kMaxDepth)
      return fail(ErrorKind::kInvalid, "The mapping template nests too deeply");
    spaces();
    Expression out;
    if (at_ == text_.size()) return wrong("an expression");
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      TRY(out.text, quoted());
      if (c == '"' && out.text.find('$') != std::string::npos && !out.text.ends_with('$')) {
        return std::unexpected(unsupported_construct("references inside quoted strings"));
      }
      return out;
    }
    if (c == '$') return reference(depth);
    if (c == '(') return condition(depth);
    if (accept("!")) {
      out.kind = Expression::Kind::kNot;
      TRY(auto operand, primary(depth + 1));
      out.operands.push_back(std::move(operand));
      return out;
    }
    out.text = word();
    const bool number =
        !out.text.empty() &&
        std::all_of(out.text.begin(), out.text.end(), [](char d) { return d >= '0' && d <= '9'; });
    if (!number && out.text != "true" && out.text != "false") return wrong("an expression");
    return out;
  }

  Result<Expression> reference(int depth) {
    const size_t start = at_++;
    Expression out;
    out.kind = Expression::Kind::kReference;
    out.quiet = accept("!");
    const bool braced = accept("{");
    out.text = word();
    while (at_ + 1 < text_.size() && text_[at_] == '.' && is_name_start(text_[at_ + 1])) {
      const size_t dot = at_++;
      const auto member = word();
      if (starts("(")) {
        TRY(out, call(std::move(out), member, depth));
        break;
      }
      out.text += text_.substr(dot, at_ - dot);
    }
    if (braced && !accept("}")) return wrong("}");
    out.source = text_.substr(start, at_ - start);
    if (starts("[")) return std::unexpected(unsupported_construct("indexing"));
    if (out.kind != Expression::Kind::kReference) return out;
    if (out.text == "input.body") {
      out.kind = Expression::Kind::kBody;
    } else if (out.text == "util" || out.text.starts_with("util.") || out.text == "input" ||
               out.text.starts_with("input.")) {
      return std::unexpected(unsupported_construct("$" + out.text));
    } else if (out.text.starts_with("context.") &&
               !out.text.starts_with("context.responseOverride.") &&
               !is_context_variable(std::string_view(out.text).substr(8))) {
      return std::unexpected(unsupported_construct("$" + out.text));
    }
    return out;
  }

  // After "target.member" and before "(".
  Result<Expression> call(Expression target, const std::string& member, int depth) {
    ++at_;
    spaces();
    const bool params = target.text == "input" && member == "params";
    if ((!params && member != "matches") || at_ >= text_.size() ||
        (text_[at_] != '"' && text_[at_] != '\'')) {
      return std::unexpected(unsupported_construct(fmt::format("${}.{}()", target.text, member)));
    }
    TRY(auto argument, quoted());
    spaces();
    if (!accept(")")) return wrong(")");
    Expression out;
    if (params) {
      out.kind = Expression::Kind::kParameter;
      out.text = argument;
    } else {
      RE2::Options options;
      options.set_log_errors(false);
      auto pattern = std::make_shared<RE2>(argument, options);
      if (!pattern->ok()) {
        return fail(ErrorKind::kInvalid,
                    fmt::format("The mapping template's pattern \"{}\" is not valid: {}", argument,
                                pattern->error()));
      }
      out.kind = Expression::Kind::kMatches;
      out.pattern = std::move(pattern);
      out.operands.push_back(std::move(target));
    }
    if (starts(".") && at_ + 1 < text_.size() && is_name_start(text_[at_ + 1])) {
      if (!params || depth > kMaxDepth)
        return std::unexpected(unsupported_construct("calls on the result of a call"));
      ++at_;
      const auto next = word();
      if (!starts("(")) return wrong("(");
      return call(std::move(out), next, depth + 1);
    }
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
};

class Renderer {
 public:
  explicit Renderer(const TemplateScope& scope) : scope_(scope) {}

  void run(const Template::Block& block) {
    for (const auto& directive : block.directives) {
      switch (directive.kind) {
        case Directive::Kind::kText:
          result.text += directive.text;
          break;
        case Directive::Kind::kValue: {
          const auto value = evaluate(directive.expression);
          if (value.defined) {
            result.text += value.text;
          } else if (!directive.expression.quiet) {
            result.text += directive.expression.source;
          }
          break;
        }
        case Directive::Kind::kSet:
          assign(directive.text, evaluate(directive.expression));
          break;
        case Directive::Kind::kIf:
          branch(directive);
          break;
      }
    }
  }

  TemplateResult result;

 private:
  void branch(const Directive& directive) {
    for (const auto& [condition, body] : directive.branches) {
      if (!evaluate(condition).truthy()) continue;
      run(*body);
      return;
    }
    if (directive.otherwise) run(*directive.otherwise);
  }

  void assign(const std::string& name, Value value) {
    if (!value.defined) return;
    if (name == kStatusOverride) {
      int status = 0;
      std::from_chars(value.text.data(), value.text.data() + value.text.size(), status);
      if (status >= 200 && status <= 599) result.status = status;
    } else if (name.starts_with(kHeaderOverride)) {
      result.header_overrides.push_back({name.substr(kHeaderOverride.size()), value.text});
    } else {
      names_[name] = std::move(value.text);
    }
  }

  Value lookup(const std::string& name) const {
    const std::string_view view = name;
    if (view.starts_with("context.") && scope_.context)
      return {true, scope_.context(view.substr(8))};
    if (view.starts_with("stageVariables.") && scope_.stage_variable)
      return {true, scope_.stage_variable(view.substr(15))};
    const auto found = names_.find(name);
    if (found == names_.end()) return {false, {}};
    return {true, found->second};
  }

  static Value boolean(bool value) { return {true, value ? "true" : "false"}; }

  Value evaluate(const Expression& e) const {
    using Kind = Expression::Kind;
    switch (e.kind) {
      case Kind::kLiteral:
        return {true, e.text};
      case Kind::kReference:
        return lookup(e.text);
      case Kind::kParameter:
        return {true, scope_.parameter ? scope_.parameter(e.text) : std::string()};
      case Kind::kBody:
        return {true, std::string(scope_.body)};
      case Kind::kMatches: {
        const auto subject = evaluate(e.operands[0]);
        return boolean(subject.defined && RE2::FullMatch(subject.text, *e.pattern));
      }
      case Kind::kEqual:
      case Kind::kNotEqual: {
        const auto left = evaluate(e.operands[0]);
        const auto right = evaluate(e.operands[1]);
        const bool same = left.defined && right.defined && left.text == right.text;
        return boolean(same == (e.kind == Kind::kEqual));
      }
      case Kind::kAnd:
        return boolean(evaluate(e.operands[0]).truthy() && evaluate(e.operands[1]).truthy());
      case Kind::kOr:
        return boolean(evaluate(e.operands[0]).truthy() || evaluate(e.operands[1]).truthy());
      case Kind::kNot:
        return boolean(!evaluate(e.operands[0]).truthy());
    }
    return {false, {}};
  }

  const TemplateScope& scope_;
  std::map<std::string, std::string> names_;
};

}  // namespace

bool is_context_variable(std::string_view name) {
  static constexpr auto kNames = std::to_array<std::string_view>({
      "accountId",
      "apiId",
      "deploymentId",
      "domainName",
      "domainPrefix",
      "error.message",
      "error.messageString",
      "error.responseType",
      "extendedRequestId",
      "httpMethod",
      "identity.accessKey",
      "identity.accountId",
      "identity.apiKey",
      "identity.apiKeyId",
      "identity.caller",
      "identity.sourceIp",
      "identity.user",
      "identity.userArn",
      "identity.userAgent",
      "path",
      "protocol",
      "requestId",
      "requestTime",
      "requestTimeEpoch",
      "resourceId",
      "resourcePath",
      "stage",
      "status",
  });
  constexpr std::string_view kAuthorizer = "authorizer.";
  if (name.starts_with(kAuthorizer)) {
    // Claims are those of Cognito's tokens.
    name.remove_prefix(kAuthorizer.size());
    return !name.empty() && name != "claims" && !name.starts_with("claims.");
  }
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

Result<Template> Template::compile(std::string_view text) {
  if (text.size() > kMaxTemplateBytes)
    return fail(ErrorKind::kInvalid, "The mapping template is larger than 300 KB");
  Parser parser(text);
  TRY(auto block, parser.block(0));
  if (!parser.done()) {
    return fail(ErrorKind::kInvalid,
                fmt::format("The mapping template is not valid: '{}' without #if", parser.rest()));
  }
  Template out;
  out.block_ = std::move(block);
  return out;
}

TemplateResult Template::render(const TemplateScope& scope) const {
  Renderer renderer(scope);
  renderer.run(*block_);
  return std::move(renderer.result);
}

bool Template::is_static() const {
  return std::all_of(block_->directives.begin(), block_->directives.end(),
                     [](const Directive& d) { return d.kind == Directive::Kind::kText; });
}

}  // namespace dew::apigateway
