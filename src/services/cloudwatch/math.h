// Evaluating metric math.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
// ("Metric math syntax and functions")
//
// A value is a number (S), a time series (TS), or an array of them (TS[]); strings are arguments
// only. Two series are joined where one of them has a value, and the one without counts as 0 there;
// what is no finite number (x / 0) has none.
// Functions that AWS has and this does not are refused by name. Pure functions.
#pragma once

#include <functional>
#include <variant>

#include "services/cloudwatch/math_expression.h"
#include "services/cloudwatch/time_series.h"

namespace dew::cloudwatch {

using SeriesList = std::vector<TimeSeries>;
using MathValue = std::variant<double, TimeSeries, SeriesList, std::string>;
using MathResult = Result<MathValue>;

struct MathInputs {
  Window window;
  int64_t period_s = 60;  // of a series that is made of a number
  // The value of an id.
  std::function<MathResult(std::string_view id)> find;
  // METRICS(): the metrics of the request, in its order; not its expressions.
  SeriesList metrics;
};

MathResult evaluate(const Expression& expression, const MathInputs& inputs);

// One function's call, its arguments evaluated. math_functions.cc
MathResult call_function(std::string_view name, std::vector<MathValue> arguments,
                         const MathInputs& inputs);

}  // namespace dew::cloudwatch
