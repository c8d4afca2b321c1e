#include "services/cloudwatch/labels.h"

#include <algorithm>

#include "aws/timestamp.h"
#include "services/cloudwatch/errors.h"

namespace dew::cloudwatch {

namespace {

std::string time_text(int64_t time_s, const LabelScope& scope) {
  auto out = aws::format_iso8601(static_cast<double>(time_s + scope.offset_s));
  if (scope.offset_s == 0) return out;
  out.pop_back();
  const int64_t minutes = std::abs(scope.offset_s) / 60;
  return out +
         fmt::format("{}{:02}:{:02}", scope.offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

std::optional<std::string> property(std::string_view name, const QueryResult& result,
                                    const LabelScope& scope) {
  if (name == "AccountId") return scope.account;
  if (name == "Region") return scope.region;
  if (name == "Period") return std::to_string(result.series.period_s);
  if (!result.query->metric) return std::nullopt;
  const auto& metric = *result.query->metric;
  if (name == "MetricName") return metric.metric.name;
  if (name == "Namespace") return metric.metric.space;
  if (name == "Stat") return metric.statistic_name;
  if (!name.starts_with("Dim.")) return std::nullopt;
  const auto it = std::ranges::find(metric.metric.dimensions, name.substr(4), &Dimension::name);
  if (it == metric.metric.dimensions.end()) return std::nullopt;
  return it->value;
}

std::optional<std::string> value_of(std::string_view name, const QueryResult& result,
                                    const LabelScope& scope) {
  if (name.starts_with("PROP('") && name.ends_with("')"))
    return property(name.substr(6, name.size() - 8), result, scope);
  if (name == "LABEL")
    return result.query->metric ? result.query->metric->metric.name : result.query->id;
  const auto& values = result.series.values;
  if (name == "DATAPOINT_COUNT") return std::to_string(values.size());
  if (values.empty()) return std::string("--");
  const bool time = name.ends_with("_TIME");
  const auto what = time ? name.substr(0, name.size() - 5) : name;
  const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
  auto found = values.end();
  if (what == "FIRST") found = values.begin();
  if (what == "LAST") found = std::prev(values.end());
  if (what == "MIN") found = std::min_element(values.begin(), values.end(), by_value);
  if (what == "MAX") found = std::max_element(values.begin(), values.end(), by_value);
  if (found != values.end())
    return time ? time_text(found->first, scope) : number_text(found->second);
  double sum = 0;
  for (const auto& [at, value] : values) sum += value;
  if (name == "SUM") return number_text(sum);
  if (name == "AVG") return number_text(sum / static_cast<double>(values.size()));
  return std::nullopt;
}

}  // namespace

aws::ApiResult<int64_t> parse_timezone(std::string_view text) {
  const bool shaped =
      text.size() == 5 && (text[0] == '+' || text[0] == '-') &&
      std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int64_t hours = shaped ? (text[1] - '0') * 10 + (text[2] - '0') : 0;
  const int64_t minutes = shaped ? (text[3] - '0') * 10 + (text[4] - '0') : 0;
  if (!shaped || minutes > 59 || hours > 14)
    return validation(fmt::format(
        "The value {} for parameter LabelOptions.Timezone is not valid: it must be such as +0130.",
        text));
  const int64_t out = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -out : out;
}

std::string expand_label(const std::string& label, const QueryResult& result,
                         const LabelScope& scope) {
  std::string out;
  size_t at = 0;
  while (true) {
    const size_t begin = label.find("${", at);
    const size_t end = begin == std::string::npos ? begin : label.find('}', begin);
    if (end == std::string::npos) return out + label.substr(at);
    out += label.substr(at, begin - at);
    const auto name = std::string_view(label).substr(begin + 2, end - begin - 2);
    out += value_of(name, result, scope).value_or(label.substr(begin, end + 1 - begin));
    at = end + 1;
  }
}

}  // namespace dew::cloudwatch
