// The functions of metric math, each as the table "Functions" of using-metric-math.html has it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "services/cloudwatch/math.h"

namespace dew::cloudwatch {

namespace {

using Arguments = std::vector<MathValue>;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

// ---- each value by itself

template <class F>
TimeSeries mapped(const TimeSeries& series, F change) {
  TimeSeries out{.id = series.id, .label = series.label, .period_s = series.period_s};
  for (const auto& [time, value] : series.values) {
    const double changed = change(time, value);
    if (std::isfinite(changed)) out.values.emplace(time, changed);
  }
  return out;
}

// TS -> TS, TS[] -> TS[].
template <class F>
MathResult each_series(std::string_view name, const MathValue& value, F change) {
  if (const auto* series = std::get_if<TimeSeries>(&value)) return change(*series);
  const auto* list = std::get_if<SeriesList>(&value);
  if (list == nullptr) return wrong(fmt::format("{} needs a metric or an array of them", name));
  SeriesList out;
  for (const auto& series : *list) out.push_back(change(series));
  return out;
}

MathResult each_value(std::string_view name, const MathValue& value, double (*change)(double)) {
  if (const auto* number = std::get_if<double>(&value)) {
    const double out = change(*number);
    if (!std::isfinite(out)) return wrong(fmt::format("{} of {} is no number", name, *number));
    return out;
  }
  return each_series(name, value, [&](const TimeSeries& series) {
    return mapped(series, [&](int64_t, double one) { return change(one); });
  });
}

// ---- many values to one

double average(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}
double reduce(std::string_view how, const std::vector<double>& values) {
  if (how == "DATAPOINT_COUNT") return static_cast<double>(values.size());
  if (how == "SUM") return std::accumulate(values.begin(), values.end(), 0.0);
  if (how == "AVG") return average(values);
  if (how == "MIN") return *std::min_element(values.begin(), values.end());
  if (how == "MAX") return *std::max_element(values.begin(), values.end());
  const double mean = average(values);  // STDDEV
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

std::vector<double> values_of(const TimeSeries& series) {
  std::vector<double> out;
  for (const auto& [time, value] : series.values) out.push_back(value);
  return out;
}

// TS -> S, TS[] -> TS: for each time at which one of the metrics has a value.
MathResult reduced(std::string_view how, const MathValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return reduce(how, {*number});
  if (const auto* series = std::get_if<TimeSeries>(&value)) {
    if (series->values.empty())
      return how == "DATAPOINT_COUNT" ? MathResult(0.0) : MathResult(TimeSeries());
    return reduce(how, values_of(*series));
  }
  const auto* list = std::get_if<SeriesList>(&value);
  if (list == nullptr) return wrong(fmt::format("{} needs metrics", how));
  TimeSeries out;
  out.period_s = 1;
  std::map<int64_t, std::vector<double>> columns;
  for (const auto& series : *list) {
    out.period_s = std::max(out.period_s, series.period_s);
    for (const auto& [time, one] : series.values) columns[time].push_back(one);
  }
  for (auto& [time, column] : columns) {
    // "Missing values are treated as 0": of AVG only.
    if (how == "AVG") column.resize(list->size());
    out.values.emplace(time, reduce(how, column));
  }
  return out;
}

// ---- a value and the one before it

MathResult steps(std::string_view name, const MathValue& value) {
  return each_series(name, value, [&](const TimeSeries& series) {
    TimeSeries out{.id = series.id, .label = series.label, .period_s = series.period_s};
    double running = 0;
    for (auto it = series.values.begin(); it != series.values.end(); ++it) {
      if (name == "RUNNING_SUM") {
        out.values.emplace(it->first, running += it->second);
        continue;
      }
      if (it == series.values.begin()) continue;
      const auto before = std::prev(it);
      const auto seconds = static_cast<double>(it->first - before->first);
      const double change = it->second - before->second;
      const double made = name == "DIFF"        ? change
                          : name == "DIFF_TIME" ? seconds
                                                : change / seconds;
      out.values.emplace(it->first, made);
    }
    return out;
  });
}

// ---- times

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

double calendar(std::string_view part, int64_t time) {
  const std::chrono::sys_days day{std::chrono::days(floor_div(time, 86400))};
  const int64_t second = time - floor_div(time, 86400) * 86400;
  const std::chrono::year_month_day date(day);
  const auto minute = second / 60;
  if (part == "MINUTE") return static_cast<double>(minute % 60);
  const auto hour = minute / 60;
  if (part == "HOUR") return static_cast<double>(hour);
  if (part == "DAY") return std::chrono::weekday(day).iso_encoding();  // 1 is Monday
  if (part == "DATE") return static_cast<unsigned>(date.day());
  if (part == "MONTH") return static_cast<unsigned>(date.month());
  if (part == "YEAR") return static_cast<int>(date.year());
  return static_cast<double>(time);  // EPOCH
}

template <class F>
void each_time(const MathInputs& inputs, int64_t period_s, F visit) {
  constexpr int64_t kMost = 100'800;  // GetMetricData's limit
  int64_t count = 0;
  for (int64_t time = inputs.window.begin_s; time < inputs.window.end_s && count < kMost;
       time += period_s, ++count)
    visit(time);
}

TimeSeries constant(double number, const MathInputs& inputs) {
  TimeSeries out;
  out.period_s = inputs.period_s;
  each_time(inputs, out.period_s, [&](int64_t time) { out.values.emplace(time, number); });
  return out;
}

TimeSeries filled(const TimeSeries& series, const MathValue& with, const MathInputs& inputs) {
  TimeSeries out = series;
  const auto* number = std::get_if<double>(&with);
  const auto* other = std::get_if<TimeSeries>(&with);
  const auto* word = std::get_if<std::string>(&with);
  each_time(inputs, series.period_s, [&](int64_t time) {
    if (series.values.contains(time)) return;
    if (number) out.values.emplace(time, *number);
    if (other) {
      if (const auto it = other->values.find(time); it != other->values.end())
        out.values.emplace(time, it->second);
    }
    if (!word) return;
    const auto after = series.values.upper_bound(time);
    if (after == series.values.begin()) return;  // nothing to repeat, or to begin a line with
    const auto before = std::prev(after);
    if (*word == "REPEAT") {
      out.values.emplace(time, before->second);
    } else if (after != series.values.end()) {
      const auto share = static_cast<double>(time - before->first) /
                         static_cast<double>(after->first - before->first);
      out.values.emplace(time, before->second + share * (after->second - before->second));
    }
  });
  return out;
}

MathResult fill(const Arguments& arguments, const MathInputs& inputs) {
  const auto* word = std::get_if<std::string>(&arguments[1]);
  if (word && *word != "REPEAT" && *word != "LINEAR")
    return wrong("FILL fills with a number, a metric, REPEAT or LINEAR");
  if (std::holds_alternative<SeriesList>(arguments[1]))
    return wrong("FILL does not fill with an array");
  return each_series("FILL", arguments[0], [&](const TimeSeries& series) {
    return filled(series, arguments[1], inputs);
  });
}

// ---- choosing

std::optional<double> at(const MathValue& value, int64_t time) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const auto& series = std::get<TimeSeries>(value);
  const auto it = series.values.find(time);
  if (it == series.values.end()) return std::nullopt;
  return it->second;
}

// "Using IF expressions": where the condition holds and the metric has no value it is 0; where it
// does not hold and there is none, or no third argument at all, the data point is dropped.
MathResult choose(const Arguments& arguments) {
  for (const auto& argument : arguments) {
    if (argument.index() > 1) return wrong("IF needs numbers or single metrics");
  }
  const bool two = arguments.size() == 2;
  if (const auto* number = std::get_if<double>(&arguments[0])) {
    if (*number != 0) return arguments[1];
    return two ? MathResult(TimeSeries()) : arguments[2];
  }
  const auto& condition = std::get<TimeSeries>(arguments[0]);
  TimeSeries out{.id = condition.id, .label = condition.label, .period_s = condition.period_s};
  for (const auto& [time, value] : condition.values) {
    if (value != 0) {
      out.values.emplace(time, at(arguments[1], time).value_or(0));
    } else if (const auto chosen = two ? std::nullopt : at(arguments[2], time)) {
      out.values.emplace(time, *chosen);
    }
  }
  return out;
}

Result<const SeriesList*> list_of(std::string_view name, const MathValue& value) {
  const auto* list = std::get_if<SeriesList>(&value);
  if (list == nullptr) return wrong(fmt::format("{} needs an array of metrics", name));
  return list;
}

Result<int64_t> index_of(std::string_view name, const MathValue& value) {
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr || *number < 0 || *number > 1e6 || *number != std::floor(*number))
    return wrong(fmt::format("{} needs a whole number of 0 or more", name));
  return static_cast<int64_t>(*number);
}

MathResult slice(const Arguments& arguments) {
  TRY(const auto* list, list_of("SLICE", arguments[0]));
  const auto size = static_cast<int64_t>(list->size());
  TRY(int64_t from, index_of("SLICE", arguments[1]));
  int64_t to = size;
  if (arguments.size() > 2) {
    TRY(to, index_of("SLICE", arguments[2]));
  }
  from = std::min(from, size);
  to = std::clamp(to, from, size);
  return SeriesList(list->begin() + from, list->begin() + to);
}

MathResult sort(const Arguments& arguments) {
  TRY(const auto* list, list_of("SORT", arguments[0]));
  const auto* how = std::get_if<std::string>(&arguments[1]);
  const auto* order = std::get_if<std::string>(&arguments[2]);
  const bool known = how && (*how == "AVG" || *how == "MIN" || *how == "MAX" || *how == "SUM");
  if (!known || !order || (*order != "ASC" && *order != "DESC"))
    return wrong("SORT sorts by AVG, MIN, MAX or SUM, ASC or DESC");
  std::vector<std::pair<double, size_t>> keys;
  for (size_t i = 0; i < list->size(); ++i) {
    const auto values = values_of((*list)[i]);
    if (!values.empty()) keys.emplace_back(reduce(*how, values), i);
  }
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    return *order == "ASC" ? a.first < b.first : a.first > b.first;
  });
  size_t count = keys.size();
  if (arguments.size() > 3) {
    TRY(const int64_t most, index_of("SORT", arguments[3]));
    count = std::min(count, static_cast<size_t>(most));
  }
  SeriesList out;
  for (size_t i = 0; i < count; ++i) out.push_back((*list)[keys[i].second]);
  return out;
}

MathResult ends(std::string_view name, const MathValue& value) {
  TRY(const auto* list, list_of(name, value));
  if (list->empty()) return TimeSeries();
  return name == "FIRST" ? list->front() : list->back();
}

MathResult metrics(const Arguments& arguments, const MathInputs& inputs) {
  if (arguments.empty()) return inputs.metrics;
  const auto* part = std::get_if<std::string>(&arguments[0]);
  if (part == nullptr) return wrong("METRICS takes a string");
  SeriesList out;
  for (const auto& series : inputs.metrics) {
    if (series.id.find(*part) != std::string::npos) out.push_back(series);
  }
  return out;
}

MathResult period_of(const MathValue& value) {
  const auto* series = std::get_if<TimeSeries>(&value);
  if (series == nullptr) return wrong("PERIOD needs a metric");
  return static_cast<double>(series->period_s);
}

struct Function {
  std::string_view name;
  size_t least;
  size_t most;
};
constexpr Function kFunctions[] = {
    {"ABS", 1, 1},   {"AVG", 1, 1},          {"CEIL", 1, 1},        {"DATAPOINT_COUNT", 1, 1},
    {"DATE", 1, 1},  {"DAY", 1, 1},          {"DIFF", 1, 1},        {"DIFF_TIME", 1, 1},
    {"EPOCH", 1, 1}, {"FILL", 2, 2},         {"FIRST", 1, 1},       {"FLOOR", 1, 1},
    {"HOUR", 1, 1},  {"IF", 2, 3},           {"LAST", 1, 1},        {"LOG", 1, 1},
    {"LOG10", 1, 1}, {"MAX", 1, 1},          {"METRICS", 0, 1},     {"METRIC_COUNT", 1, 1},
    {"MIN", 1, 1},   {"MINUTE", 1, 1},       {"MONTH", 1, 1},       {"PERIOD", 1, 1},
    {"RATE", 1, 1},  {"REMOVE_EMPTY", 1, 1}, {"RUNNING_SUM", 1, 1}, {"SLICE", 2, 3},
    {"SORT", 3, 4},  {"STDDEV", 1, 1},       {"SUM", 1, 1},         {"TIME_SERIES", 1, 1},
    {"YEAR", 1, 1},
};
constexpr std::string_view kElsewhere[] = {
    "ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SEARCH",
    "SERVICE_QUOTA"};

MathResult of_one(std::string_view name, const MathValue& value, const MathInputs& inputs) {
  if (name == "ABS") return each_value(name, value, [](double v) { return std::abs(v); });
  if (name == "CEIL") return each_value(name, value, [](double v) { return std::ceil(v); });
  if (name == "FLOOR") return each_value(name, value, [](double v) { return std::floor(v); });
  if (name == "LOG") return each_value(name, value, [](double v) { return std::log(v); });
  if (name == "LOG10") return each_value(name, value, [](double v) { return std::log10(v); });
  if (name == "DIFF" || name == "DIFF_TIME" || name == "RATE" || name == "RUNNING_SUM")
    return steps(name, value);
  if (name == "FIRST" || name == "LAST") return ends(name, value);
  if (name == "PERIOD") return period_of(value);
  if (name == "METRIC_COUNT") {
    TRY(const auto* list, list_of(name, value));
    return static_cast<double>(list->size());
  }
  if (name == "REMOVE_EMPTY") {
    TRY(const auto* list, list_of(name, value));
    SeriesList out;
    std::copy_if(list->begin(), list->end(), std::back_inserter(out),
                 [](const auto& series) { return !series.values.empty(); });
    return out;
  }
  if (name == "TIME_SERIES") {
    const auto* number = std::get_if<double>(&value);
    if (number == nullptr) return wrong("TIME_SERIES needs a number");
    return constant(*number, inputs);
  }
  constexpr std::string_view kTimes[] = {"DATE", "DAY", "EPOCH", "HOUR", "MINUTE", "MONTH", "YEAR"};
  if (std::find(std::begin(kTimes), std::end(kTimes), name) != std::end(kTimes)) {
    return each_series(name, value, [&](const TimeSeries& series) {
      return mapped(series, [&](int64_t time, double) { return calendar(name, time); });
    });
  }
  return reduced(name, value);
}

}  // namespace

MathResult call_function(std::string_view name, std::vector<MathValue> arguments,
                         const MathInputs& inputs) {
  if (std::find(std::begin(kElsewhere), std::end(kElsewhere), name) != std::end(kElsewhere))
    return wrong(fmt::format("Dewpoint does not support the function {} yet", name));
  const auto* known = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [&](const Function& f) { return f.name == name; });
  if (known == std::end(kFunctions)) return wrong(fmt::format("there is no function {}", name));
  if (arguments.size() < known->least || arguments.size() > known->most)
    return wrong(
        fmt::format("{} takes {}{} arguments, not {}", name, known->least,
                    known->most > known->least ? fmt::format(" to {}", known->most) : std::string(),
                    arguments.size()));
  if (name == "METRICS") return metrics(arguments, inputs);
  if (name == "FILL") return fill(arguments, inputs);
  if (name == "IF") return choose(arguments);
  if (name == "SLICE") return slice(arguments);
  if (name == "SORT") return sort(arguments);
  return of_one(name, arguments[0], inputs);
}

}  // namespace dew::cloudwatch
