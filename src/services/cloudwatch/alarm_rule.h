// AlarmRule: when a composite alarm goes off.
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html (AlarmRule)
//
//   or   := and ("OR" and)*
//   and  := not ("AND" not)*
//   not  := "NOT" not | atom
//   atom := ("ALARM" | "OK" | "INSUFFICIENT_DATA") "(" alarm ")" | "TRUE" | "FALSE" | "(" or ")"
//
// An alarm is a name or an ARN, in quotation marks or, without spaces and parentheses, bare. Words
// are taken in any case, as AWS does. Limits: kMaxRuleAlarms, kMaxRuleElements, kMaxRuleDepth.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/cloudwatch/alarm_evaluation.h"

namespace dew::cloudwatch {

inline constexpr size_t kMaxRuleAlarms = 100;
inline constexpr size_t kMaxRuleElements = 500;
inline constexpr int kMaxRuleDepth = 100;

struct AlarmRule {
  enum class Kind { kConstant, kState, kNot, kAnd, kOr };
  Kind kind = Kind::kConstant;
  bool constant = false;
  AlarmState state = AlarmState::kAlarm;
  std::string alarm;  // the name
  std::vector<AlarmRule> parts;

  static Result<AlarmRule> parse(std::string_view text);
  std::string to_text() const;
  // Of an alarm that is gone nothing is true.
  bool holds(const std::function<std::optional<AlarmState>(const std::string&)>& state_of) const;
  void alarms(std::vector<std::string>& out) const;
};

// The alarm's name of "arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME"; anything else as it is.
std::string alarm_name(std::string_view name_or_arn);

}  // namespace dew::cloudwatch
