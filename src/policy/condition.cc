#include "policy/condition.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/encoding.h"

namespace dew::policy {

namespace {

std::optional<double> parse_number(std::string_view text) {
  double out = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc() || at != end) return std::nullopt;
  return out;
}

// `count` digits from the front.
std::optional<int> take_digits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int out = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return out;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::string text_of(const json::Value& value) {
  if (value.is_string()) return json::str(value);
  return json::dump(value);
}

}  // namespace

std::optional<double> parse_date(std::string_view text) {
  if (text.find('-', 1) == text.npos && text.size() != 4) return parse_number(text);
  const auto year = take_digits(text, 4);
  if (!year) return std::nullopt;
  int month = 1;
  int day = 1;
  double seconds = 0;
  if (take(text, '-')) {
    const auto m = take_digits(text, 2);
    if (!m) return std::nullopt;
    month = *m;
    if (take(text, '-')) {
      const auto d = take_digits(text, 2);
      if (!d) return std::nullopt;
      day = *d;
    }
  }
  if (take(text, 'T')) {
    const auto hours = take_digits(text, 2);
    if (!hours || !take(text, ':')) return std::nullopt;
    const auto minutes = take_digits(text, 2);
    if (!minutes || *hours > 24 || *minutes > 59) return std::nullopt;
    seconds = *hours * 3600.0 + *minutes * 60.0;
    if (take(text, ':')) {
      const auto whole = take_digits(text, 2);
      if (!whole || *whole > 60) return std::nullopt;
      seconds += *whole;
      if (take(text, '.')) {
        double unit = 0.1;
        while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
          seconds += unit * (text[0] - '0');
          unit /= 10;
          text.remove_prefix(1);
        }
      }
    }
    if (!take(text, 'Z')) {
      const bool east = text.starts_with('+');
      if (!east && !text.starts_with('-')) return std::nullopt;
      text.remove_prefix(1);
      const auto h = take_digits(text, 2);
      take(text, ':');
      const auto m = take_digits(text, 2);
      if (!h || !m) return std::nullopt;
      seconds -= (east ? 1 : -1) * (*h * 3600.0 + *m * 60.0);
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!text.empty() || !date.ok()) return std::nullopt;
  return static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count()) * 86'400 +
         seconds;
}

struct Condition::Operator {
  std::string_view name;
  Family family;
  bool negated = false;
  Compare compare = Compare::kEqual;
  Pattern::Wildcards wildcards = Pattern::Wildcards::kOff;
  Pattern::Case letters = Pattern::Case::kSensitive;
};

const std::vector<Condition::Operator>& Condition::operators() {
  using enum Family;
  using enum Compare;
  constexpr auto kWild = Pattern::Wildcards::kOn;
  constexpr auto kPlain = Pattern::Wildcards::kOff;
  constexpr auto kFolded = Pattern::Case::kFolded;
  static const std::vector<Operator> kOperators = {
      {"StringEquals", kString},
      {"StringNotEquals", kString, true},
      {"StringEqualsIgnoreCase", kString, false, kEqual, kPlain, kFolded},
      {"StringNotEqualsIgnoreCase", kString, true, kEqual, kPlain, kFolded},
      {"StringLike", kString, false, kEqual, kWild},
      {"StringNotLike", kString, true, kEqual, kWild},
      {"ArnEquals", kArn, false, kEqual, kWild},
      {"ArnLike", kArn, false, kEqual, kWild},
      {"ArnNotEquals", kArn, true, kEqual, kWild},
      {"ArnNotLike", kArn, true, kEqual, kWild},
      {"NumericEquals", kNumeric},
      {"NumericNotEquals", kNumeric, true},
      {"NumericLessThan", kNumeric, false, kLess},
      {"NumericLessThanEquals", kNumeric, false, kLessEqual},
      {"NumericGreaterThan", kNumeric, false, kGreater},
      {"NumericGreaterThanEquals", kNumeric, false, kGreaterEqual},
      {"DateEquals", kDate},
      {"DateNotEquals", kDate, true},
      {"DateLessThan", kDate, false, kLess},
      {"DateLessThanEquals", kDate, false, kLessEqual},
      {"DateGreaterThan", kDate, false, kGreater},
      {"DateGreaterThanEquals", kDate, false, kGreaterEqual},
      {"Bool", kBool, false, kEqual, kPlain, kFolded},
      {"BinaryEquals", kBinary},
      {"IpAddress", kIp},
      {"NotIpAddress", kIp, true},
      {"Null", kNull, false, kEqual, kPlain, kFolded},
  };
  return kOperators;
}

std::optional<Condition::Network> Condition::parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network out;
  out.v6 = address.find(':') != std::string::npos;
  if (inet_pton(out.v6 ? AF_INET6 : AF_INET, address.c_str(), out.address.data()) != 1) {
    return std::nullopt;
  }
  const int most = out.v6 ? 128 : 32;
  out.bits = most;
  if (slash != text.npos) {
    const auto bits = text.substr(slash + 1);
    const auto* end = bits.data() + bits.size();
    const auto [at, error] = std::from_chars(bits.data(), end, out.bits);
    if (error != std::errc() || at != end || out.bits < 0 || out.bits > most) return std::nullopt;
  }
  return out;
}

// A value that its operator cannot read matches nothing.
void Condition::add_value(std::string text, Pattern::Wildcards wildcards, Pattern::Case letters,
                          Pattern::Variables variables) {
  switch (family_) {
    case Family::kString:
    case Family::kArn:
    case Family::kBool:
      patterns_.emplace_back(text, wildcards, variables, letters);
      return;
    case Family::kNull:
      patterns_.emplace_back(text, wildcards, Pattern::Variables::kOff, letters);
      return;
    case Family::kNumeric:
      if (const auto number = parse_number(text)) numbers_.push_back(*number);
      return;
    case Family::kDate:
      if (const auto date = parse_date(text)) numbers_.push_back(*date);
      return;
    case Family::kIp:
      if (auto network = parse_network(text)) networks_.push_back(*network);
      return;
    case Family::kBinary:
      if (auto bytes = base64_decode(text)) binary_.push_back(std::move(*bytes));
      return;
  }
}

Result<Condition> Condition::parse(std::string_view name, std::string_view key,
                                   const json::Value& values, Pattern::Variables variables) {
  Condition out;
  const auto whole = name;
  if (name.starts_with("ForAllValues:")) {
    out.set_ = Set::kAll;
  } else if (name.starts_with("ForAnyValue:")) {
    out.set_ = Set::kAny;
  }
  if (out.set_ != Set::kNone) name.remove_prefix(name.find(':') + 1);
  if (name.ends_with("IfExists") && name != "NullIfExists") {
    out.if_exists_ = true;
    name.remove_suffix(std::string_view("IfExists").size());
  }
  const auto found = std::ranges::find(operators(), name, &Operator::name);
  if (found == operators().end()) {
    return fail(ErrorKind::kInvalid, fmt::format("Invalid Condition type : {}", whole));
  }
  out.family_ = found->family;
  out.compare_ = found->compare;
  out.negated_ = found->negated;
  out.key_ = lower(key);
  const auto add = [&](const json::Value& value) {
    out.add_value(text_of(value), found->wildcards, found->letters, variables);
  };
  if (values.is_array()) {
    for (const auto& value : values.as_array()) add(value);
  } else {
    add(values);
  }
  return out;
}

bool Condition::matches_number(std::string_view value) const {
  const auto number = family_ == Family::kDate ? parse_date(value) : parse_number(value);
  if (!number) return false;
  return std::ranges::any_of(numbers_, [&](double other) {
    switch (compare_) {
      case Compare::kEqual:
        return *number == other;
      case Compare::kLess:
        return *number < other;
      case Compare::kLessEqual:
        return *number <= other;
      case Compare::kGreater:
        return *number > other;
      case Compare::kGreaterEqual:
        return *number >= other;
    }
    return false;
  });
}

bool Condition::matches_network(std::string_view value) const {
  const auto address = parse_network(value);
  if (!address) return false;
  return std::ranges::any_of(networks_, [&](const Network& network) {
    if (network.v6 != address->v6 || address->bits < network.bits) return false;
    const auto whole = static_cast<size_t>(network.bits / 8);
    if (!std::equal(network.address.begin(), network.address.begin() + static_cast<long>(whole),
                    address->address.begin())) {
      return false;
    }
    const int rest = network.bits % 8;
    return rest == 0 ||
           (network.address[whole] >> (8 - rest)) == (address->address[whole] >> (8 - rest));
  });
}

Match Condition::matches_any(std::string_view value, const Context& context) const {
  const auto told = [](bool yes) { return yes ? Match::kYes : Match::kNo; };
  switch (family_) {
    case Family::kNumeric:
    case Family::kDate:
      return told(matches_number(value));
    case Family::kIp:
      return told(matches_network(value));
    case Family::kBinary:
      return told(std::ranges::find(binary_, value) != binary_.end());
    default:
      break;
  }
  auto out = Match::kNo;
  for (const auto& pattern : patterns_) {
    const auto match = family_ == Family::kArn ? pattern.matches_arn(value, context)
                                               : pattern.matches(value, context);
    if (match == Match::kYes) return match;
    if (match == Match::kUnresolved) out = match;
  }
  return out;
}

Match Condition::holds(const Context& context) const {
  Values values;
  const bool present = context.get(key_, values);
  if (family_ == Family::kNull) {
    const bool absent = !present || values.empty();
    return matches_any(absent ? "true" : "false", context);
  }
  if (!present) {
    if (if_exists_) return Match::kYes;
    if (set_ == Set::kAll) return Match::kYes;
    if (set_ == Set::kAny) return Match::kNo;
    return negated_ ? Match::kYes : Match::kNo;
  }
  // An empty data set, "for example, an empty string", say the notes on set operators.
  if (set_ != Set::kNone &&
      std::ranges::all_of(values, [](const std::string& value) { return value.empty(); })) {
    return set_ == Set::kAll ? Match::kYes : Match::kNo;
  }
  // Without a set operator, one value among several is enough, and a negated operator must hold for
  // all of them.
  const bool all = set_ == Set::kAll || (set_ == Set::kNone && negated_);
  bool unresolved = false;
  for (const auto& value : values) {
    const auto match = matches_any(value, context);
    if (match == Match::kUnresolved) {
      unresolved = true;
      continue;
    }
    const bool holds = (match == Match::kYes) != negated_;
    if (holds != all) return holds ? Match::kYes : Match::kNo;
  }
  if (unresolved) return Match::kUnresolved;
  return all ? Match::kYes : Match::kNo;
}

}  // namespace dew::policy
