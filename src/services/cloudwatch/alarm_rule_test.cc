#include "services/cloudwatch/alarm_rule.h"

#include <gtest/gtest.h>

namespace dew::cloudwatch {
namespace {

TEST(AlarmRule, ParsesAndHolds) {
  const auto state_of = [](const std::string& name) -> std::optional<AlarmState> {
    if (name == "on" || name == "on too") return AlarmState::kAlarm;
    if (name == "off") return AlarmState::kOk;
    if (name == "unsure") return AlarmState::kInsufficientData;
    return std::nullopt;
  };
  struct Case {
    const char* rule;
    const char* text;
    bool holds;
  };
  const Case cases[] = {
      {"ALARM(on)", "ALARM(\"on\")", true},
      {"ALARM(\"on too\") AND OK(off)", "(ALARM(\"on too\") AND OK(\"off\"))", true},
      {"alarm('off') or insufficient_data(unsure)",
       "(ALARM(\"off\") OR INSUFFICIENT_DATA(\"unsure\"))", true},
      {"NOT ALARM(on) OR TRUE", "(NOT ALARM(\"on\") OR TRUE)", true},
      {"NOT (ALARM(on) OR TRUE)", "NOT (ALARM(\"on\") OR TRUE)", false},
      {"FALSE AND TRUE OR TRUE", "((FALSE AND TRUE) OR TRUE)", true},
      {"FALSE AND (TRUE OR TRUE)", "(FALSE AND (TRUE OR TRUE))", false},
      {"ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:on)", "ALARM(\"on\")", true},
      {"ALARM(\"arn:aws:cloudwatch:us-east-1:000000000000:alarm:on too\")", "ALARM(\"on too\")",
       true},
      {"OK(gone) OR ALARM(gone) OR INSUFFICIENT_DATA(gone)",
       "(OK(\"gone\") OR ALARM(\"gone\") OR INSUFFICIENT_DATA(\"gone\"))", false},
  };
  for (const auto& [text, shown, holds] : cases) {
    const auto rule = AlarmRule::parse(text);
    ASSERT_TRUE(rule) << text << ": " << rule.error().message;
    EXPECT_EQ(rule->to_text(), shown);
    EXPECT_EQ(rule->holds(state_of), holds) << text;
  }
}

// The examples of API_PutCompositeAlarm.html (AlarmRule), for every state that their alarms may be
// in.
TEST(AlarmRule, HoldsAsTheDocumentedExamplesSay) {
  constexpr AlarmState kStates[] = {AlarmState::kOk, AlarmState::kAlarm,
                                    AlarmState::kInsufficientData};
  const auto check = [](std::string_view text, AlarmState a, AlarmState b, AlarmState c,
                        bool expected) {
    const auto rule = AlarmRule::parse(text);
    ASSERT_TRUE(rule) << text << ": " << rule.error().message;
    const auto state_of = [&](const std::string& name) -> std::optional<AlarmState> {
      if (name == "CPUUtilizationTooHigh") return a;
      return name == "NetworkOutTooHigh" ? c : b;
    };
    EXPECT_EQ(rule->holds(state_of), expected)
        << text << ": " << state_text(a) << ", " << state_text(b) << ", " << state_text(c);
  };
  for (const auto a : kStates) {
    for (const auto b : kStates) {
      const bool cpu = a == AlarmState::kAlarm;
      const bool other = b == AlarmState::kAlarm;
      check("ALARM(CPUUtilizationTooHigh) AND ALARM(DiskReadOpsTooHigh)", a, b, b, cpu && other);
      check("ALARM(CPUUtilizationTooHigh) AND NOT ALARM(DeploymentInProgress)", a, b, b,
            cpu && !other);
      check("NOT(ALARM(CPUUtilizationTooHigh)) AND(TRUE)", a, b, b, !cpu);
      check("INSUFFICIENT_DATA(\"CPUUtilizationTooHigh\") OR FALSE", a, b, b,
            a == AlarmState::kInsufficientData);
      for (const auto c : kStates) {
        check(
            "(ALARM(CPUUtilizationTooHigh) OR ALARM(DiskReadOpsTooHigh)) AND "
            "OK(NetworkOutTooHigh)",
            a, b, c, (cpu || other) && c == AlarmState::kOk);
      }
    }
  }
}

TEST(AlarmRule, RefusesWhatIsNone) {
  for (const std::string text :
       {"", "ALARM", "ALARM()", "ALARM(\"a)", "ALARM(a) ALARM(b)", "AND TRUE", "TRUE AND", "(TRUE",
        "NOT", "MAYBE(a)", "ALARM(a b)", "TRUEISH"})
    EXPECT_FALSE(AlarmRule::parse(text)) << text;
  std::string many = "TRUE";
  for (int i = 0; i < 101; ++i) many += " OR ALARM(a" + std::to_string(i) + ")";
  EXPECT_FALSE(AlarmRule::parse(many));
  EXPECT_FALSE(AlarmRule::parse(std::string(200, '(') + "TRUE" + std::string(200, ')')));
}

}  // namespace
}  // namespace dew::cloudwatch
