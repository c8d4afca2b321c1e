// Any text is refused, or is a rule whose own text parses to the same rule.
#include <cstdlib>

#include "services/cloudwatch/alarm_rule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::cloudwatch;
  const auto rule = AlarmRule::parse({reinterpret_cast<const char*>(data), size});
  if (!rule) return 0;
  (void)rule->holds([](const std::string&) { return AlarmState::kAlarm; });
  const auto text = rule->to_text();
  // Chains get parentheses, which may be too deep; the rest is as it was.
  if (const auto again = AlarmRule::parse(text); again && again->to_text() != text) std::abort();
  return 0;
}
