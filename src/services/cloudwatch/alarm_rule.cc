#include "services/cloudwatch/alarm_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace dew::cloudwatch {

namespace {

using Kind = AlarmRule::Kind;
using Parsed = Result<AlarmRule>;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed parse() {
    TRY(auto out, either(0));
    space();
    if (at_ < text_.size()) return wrong("AND, OR or the end");
    return out;
  }

 private:
  std::unexpected<Error> wrong(std::string_view expected) const {
    return fail(ErrorKind::kInvalid,
                fmt::format("expected {} at character {}{}", expected, at_ + 1,
                            at_ < text_.size() ? fmt::format(", at \"{}\"", text_.substr(at_, 20))
                                               : std::string()));
  }
  void space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  static bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

  bool accept(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool accept(std::string_view wanted) {
    space();
    const auto found = text_.substr(at_, wanted.size());
    const bool same =
        std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                   [](unsigned char a, unsigned char b) { return std::toupper(a) == b; });
    const size_t end = at_ + wanted.size();
    if (!same || (end < text_.size() && word(text_[end]))) return false;
    at_ = end;
    return true;
  }

  Parsed chain(Kind kind, std::string_view operator_word, int depth) {
    const bool loose = kind == Kind::kOr;
    TRY(auto first, loose ? chain(Kind::kAnd, "AND", depth) : negated(depth));
    if (!accept(operator_word)) return first;
    AlarmRule out{.kind = kind};
    out.parts.push_back(std::move(first));
    do {
      TRY(auto next, loose ? chain(Kind::kAnd, "AND", depth) : negated(depth));
      out.parts.push_back(std::move(next));
    } while (accept(operator_word));
    return out;
  }
  Parsed either(int depth) { return chain(Kind::kOr, "OR", depth); }

  Parsed negated(int depth) {
    if (depth > kMaxRuleDepth || ++elements_ > kMaxRuleElements)
      return fail(ErrorKind::kInvalid, "the alarm rule has too many elements");
    if (accept("NOT")) {
      TRY(auto inner, negated(depth + 1));
      AlarmRule out{.kind = Kind::kNot};
      out.parts.push_back(std::move(inner));
      return out;
    }
    return atom(depth);
  }

  Parsed atom(int depth) {
    if (accept('(')) {
      TRY(auto out, either(depth + 1));
      if (!accept(')')) return wrong("\")\"");
      return out;
    }
    if (accept("TRUE")) return AlarmRule{.constant = true};
    if (accept("FALSE")) return AlarmRule{.constant = false};
    for (const auto state : {AlarmState::kAlarm, AlarmState::kOk, AlarmState::kInsufficientData}) {
      if (!accept(state_text(state))) continue;
      AlarmRule out{.kind = Kind::kState, .state = state};
      if (!accept('(')) return wrong("\"(\"");
      TRY(out.alarm, name());
      if (!accept(')')) return wrong("\")\"");
      return out;
    }
    return wrong("ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or \"(\"");
  }

  Result<std::string> name() {
    space();
    size_t end = at_;
    std::string_view found;
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) {
      end = text_.find(text_[at_], at_ + 1);
      if (end == std::string_view::npos) return wrong("a name that ends");
      found = text_.substr(at_ + 1, end - at_ - 1);
      ++end;
    } else {
      while (end < text_.size() && text_[end] != ')' && text_[end] != '(' &&
             !std::isspace(static_cast<unsigned char>(text_[end])))
        ++end;
      found = text_.substr(at_, end - at_);
    }
    auto out = alarm_name(found);
    if (out.empty()) return wrong("an alarm's name");
    at_ = end;
    return out;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t elements_ = 0;
};

}  // namespace

std::string alarm_name(std::string_view name_or_arn) {
  if (!name_or_arn.starts_with("arn:")) return std::string(name_or_arn);
  const size_t at = name_or_arn.find(":alarm:");
  return std::string(at == std::string_view::npos ? name_or_arn : name_or_arn.substr(at + 7));
}

Result<AlarmRule> AlarmRule::parse(std::string_view text) {
  TRY(auto out, Parser(text).parse());
  std::vector<std::string> names;
  out.alarms(names);
  if (names.size() > kMaxRuleAlarms)
    return fail(ErrorKind::kInvalid,
                fmt::format("the alarm rule names more than {} alarms", kMaxRuleAlarms));
  return out;
}

std::string AlarmRule::to_text() const {
  switch (kind) {
    case Kind::kConstant:
      return constant ? "TRUE" : "FALSE";
    case Kind::kState: {
      const char quote = alarm.find('"') == std::string::npos ? '"' : '\'';
      return fmt::format("{}({}{}{})", state_text(state), quote, alarm, quote);
    }
    case Kind::kNot:
      return "NOT " + parts[0].to_text();
    default:
      break;
  }
  std::string out = "(";
  for (const auto& part : parts) {
    if (out.size() > 1) out += kind == Kind::kAnd ? " AND " : " OR ";
    out += part.to_text();
  }
  return out + ")";
}

bool AlarmRule::holds(
    const std::function<std::optional<AlarmState>(const std::string&)>& state_of) const {
  const auto part_holds = [&](const AlarmRule& part) { return part.holds(state_of); };
  switch (kind) {
    case Kind::kConstant:
      return constant;
    case Kind::kState:
      return state_of(alarm) == state;
    case Kind::kNot:
      return !parts[0].holds(state_of);
    case Kind::kAnd:
      return std::ranges::all_of(parts, part_holds);
    case Kind::kOr:
      break;
  }
  return std::ranges::any_of(parts, part_holds);
}

void AlarmRule::alarms(std::vector<std::string>& out) const {
  if (kind == Kind::kState && std::ranges::find(out, alarm) == out.end()) out.push_back(alarm);
  for (const auto& part : parts) part.alarms(out);
}

}  // namespace dew::cloudwatch
