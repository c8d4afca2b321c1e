// Condition: one operator of a statement's Condition element with one key and its values.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
//
// Immutable, thread-safe. Values are read once, when the policy is compiled.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "policy/pattern.h"

namespace dew::policy {

class Condition {
 public:
  // `name` as in the document: "ForAllValues:StringLikeIfExists". kInvalid: no such operator.
  // `values`: a scalar or an array of scalars.
  static Result<Condition> parse(std::string_view name, std::string_view key,
                                 const json::Value& values, Pattern::Variables variables);

  // kUnresolved: a variable among the values has no value, which makes the statement invalid.
  Match holds(const Context& context) const;

 private:
  enum class Family { kString, kArn, kNumeric, kDate, kBool, kBinary, kIp, kNull };
  enum class Compare { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  enum class Set { kNone, kAll, kAny };

  struct Network {
    std::array<uint8_t, 16> address{};
    int bits = 0;
    bool v6 = false;
  };
  struct Operator;
  static const std::vector<Operator>& operators();
  static std::optional<Network> parse_network(std::string_view text);

  void add_value(std::string text, Pattern::Wildcards wildcards, Pattern::Case letters,
                 Pattern::Variables variables);
  Match matches_any(std::string_view value, const Context& context) const;
  bool matches_number(std::string_view value) const;
  bool matches_network(std::string_view value) const;

  Family family_ = Family::kString;
  Compare compare_ = Compare::kEqual;
  Set set_ = Set::kNone;
  bool negated_ = false;
  bool if_exists_ = false;
  std::string key_;
  std::vector<Pattern> patterns_;    // kString, kArn, kBool, kNull
  std::vector<double> numbers_;      // kNumeric, kDate (seconds since the epoch)
  std::vector<Network> networks_;    // kIp
  std::vector<std::string> binary_;  // kBinary, decoded
};

// Seconds since the epoch of a date as the W3C writes it (2026, 2026-11, 2026-11-26,
// 2026-11-26T11:14:47.5Z, with an offset), or of a number of seconds.
std::optional<double> parse_date(std::string_view text);

}  // namespace dew::policy
