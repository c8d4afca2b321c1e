// The periods of quotas: DAY, WEEK and MONTH, in UTC. Pure functions.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-usageplan-quotasettings.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace dew::apigateway {

enum class Period { kDay, kWeek, kMonth };

std::optional<Period> parse_period(std::string_view text);  // DAY, WEEK, MONTH

// The first day of the period that a day lies in. `offset`: the day of the week (0: Sunday) or of
// the month (0: the first) that periods begin on.
std::chrono::sys_days period_start(std::chrono::sys_days day, Period period, int offset);

// 2026-11-26
std::string day_text(std::chrono::sys_days day);
std::optional<std::chrono::sys_days> parse_day(std::string_view text);

}  // namespace dew::apigateway
