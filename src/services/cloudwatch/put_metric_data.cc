// PutMetricData. docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
// and API_MetricDatum.html. What is acknowledged is durable: the values are added to their periods
// and the periods are committed before the handler returns.
#include <cmath>

#include "services/cloudwatch/errors.h"
#include "services/cloudwatch/service.h"

namespace dew::cloudwatch {

namespace {

constexpr size_t kMaxMetrics = 1000;
constexpr size_t kMaxValues = 150;
constexpr int64_t kOldest_s = 14 * 86400;
constexpr int64_t kNewest_s = 2 * 3600;
const double kLargest = std::ldexp(1.0, 360);

struct Datum {
  Series* series;
  int64_t time_s;
  bool high;
  Aggregate values;
};

class Reader {
 public:
  Reader(MetricStore& store, const WaitableClock& clock, std::string space)
      : store_(store), space_(std::move(space)), now_s_(clock.now_ms() / 1000) {
    machine_s_ = now_s_ - std::chrono::floor<std::chrono::seconds>(clock.offset()).count();
  }

  aws::ApiResult<Datum> read(const json::Object& input, size_t number) const {
    const std::string at = fmt::format("MetricData.member.{}", number);
    Datum out{};
    CHECK_OK(values(input, at, out.values));
    TRY(out.time_s, time(input, at));
    const auto resolution = json::int_at(input, "StorageResolution").value_or(60);
    if (resolution != 1 && resolution != 60)
      return invalid_value(fmt::format(
          "The value {} for parameter {}.StorageResolution is invalid. Valid values are 1 and 60.",
          resolution, at));
    out.high = resolution == 1;
    Metric metric{space_, json::string_or(input, "MetricName"), read_dimensions(input)};
    for (size_t i = 1; i < metric.dimensions.size(); ++i) {
      if (metric.dimensions[i - 1].name == metric.dimensions[i].name)
        return invalid_value(fmt::format("No dimension name may appear more than once: {} in {}",
                                         metric.dimensions[i].name, at));
    }
    const auto unit = parse_unit(json::string_or(input, "Unit", "None")).value_or(kNoUnit);
    out.series = store_.series(metric, unit);
    if (out.series == nullptr)
      return aws::fail("LimitExceeded", "There are too many different metrics in this cloud.");
    return out;
  }

 private:
  static aws::ApiResult<double> number(const json::Value& value, const std::string& at) {
    boost::system::error_code error;
    const double out = value.to_number<double>(error);
    if (error || std::isnan(out) || std::abs(out) > kLargest)
      return invalid_value(fmt::format("The value {} for parameter {} is invalid.",
                                       std::isnan(out) ? "NaN" : json::dump(value), at));
    return out;
  }

  static aws::ApiResult<void> exclusive(const json::Object& input, const std::string& at,
                                        const char* one, const char* other) {
    if (!input.contains(one) || !input.contains(other)) return {};
    return invalid_combination(
        fmt::format("The parameters {0}.{1} and {0}.{2} are mutually exclusive and you have "
                    "specified both.",
                    at, one, other));
  }

  aws::ApiResult<void> values(const json::Object& input, const std::string& at,
                              Aggregate& out) const {
    CHECK_OK(exclusive(input, at, "Value", "StatisticValues"));
    CHECK_OK(exclusive(input, at, "Value", "Values"));
    CHECK_OK(exclusive(input, at, "StatisticValues", "Values"));
    if (const auto* value = json::find(input, "Value")) {
      TRY(const double one, number(*value, at + ".Value"));
      out.add(one);
      return {};
    }
    if (const auto* set = json::object_at(input, "StatisticValues"))
      return statistic_set(*set, at + ".StatisticValues", out);
    const auto* list = json::array_at(input, "Values");
    if (list == nullptr || list->empty())
      return missing(
          fmt::format("At least one of the parameters {0}.Value, {0}.Values or "
                      "{0}.StatisticValues must be specified.",
                      at));
    return value_list(*list, json::array_at(input, "Counts"), at, out);
  }

  static aws::ApiResult<void> value_list(const json::Array& list, const json::Array* counts,
                                         const std::string& at, Aggregate& out) {
    if (list.size() > kMaxValues)
      return invalid_value(fmt::format(
          "The collection {}.Values must not have a size greater than {}.", at, kMaxValues));
    if (counts != nullptr && counts->size() != list.size())
      return invalid_value(
          fmt::format("The parameters {0}.Values and {0}.Counts must be of the same size.", at));
    for (size_t i = 0; i < list.size(); ++i) {
      TRY(const double value, number(list[i], at + ".Values"));
      double weight = 1;
      if (counts != nullptr) {
        TRY(weight, number((*counts)[i], at + ".Counts"));
        if (weight < 0)
          return invalid_value(
              fmt::format("The value {} for parameter {}.Counts is invalid.", weight, at));
      }
      if (weight > 0) out.add(value, weight);
    }
    return {};
  }

  static aws::ApiResult<void> statistic_set(const json::Object& set, const std::string& at,
                                            Aggregate& out) {
    double parts[4];
    const char* names[] = {"SampleCount", "Sum", "Minimum", "Maximum"};
    for (int i = 0; i < 4; ++i) {
      const auto* value = json::find(set, names[i]);
      if (value == nullptr)
        return missing(fmt::format("The parameter {}.{} is required.", at, names[i]));
      TRY(parts[i], number(*value, fmt::format("{}.{}", at, names[i])));
    }
    if (parts[0] < 0 || parts[2] > parts[3])
      return invalid_value(fmt::format("The value {} for parameter {}.{} is invalid.",
                                       parts[0] < 0 ? parts[0] : parts[2], at,
                                       parts[0] < 0 ? "SampleCount" : "Minimum"));
    if (parts[0] > 0) out.add_set(parts[0], parts[1], parts[2], parts[3]);
    return {};
  }

  // A client's time is the machine's, or the cloud's if that is what it works with.
  aws::ApiResult<int64_t> time(const json::Object& input, const std::string& at) const {
    const auto given = json::number_at(input, "Timestamp");
    if (!given) return now_s_;
    const double time = *given;
    if (time > static_cast<double>(now_s_ + kNewest_s))
      return invalid_value(fmt::format(
          "The parameter {}.Timestamp must specify a time no more than two hours in the future.",
          at));
    if (!(time >= static_cast<double>(std::min(now_s_, machine_s_) - kOldest_s)))
      return invalid_value(fmt::format(
          "The parameter {}.Timestamp must specify a time within the past two weeks.", at));
    return static_cast<int64_t>(std::floor(time));
  }

  MetricStore& store_;
  std::string space_;
  int64_t now_s_;
  int64_t machine_s_;
};

}  // namespace

Service::Answer Service::put_metric_data(aws::Call& call) {
  const auto space = json::string_or(call.input, "Namespace");
  if (space.starts_with("AWS/"))
    return invalid_value("The value AWS/ for parameter Namespace is invalid.");
  for (const auto* member : {"EntityMetricData", "StrictEntityValidation"}) {
    if (call.input.contains(member)) return unsupported(member);
  }
  const auto* list = json::array_at(call.input, "MetricData");
  if (list == nullptr || list->empty()) return missing("The parameter MetricData is required.");
  if (list->size() > kMaxMetrics)
    return invalid_value(fmt::format(
        "The collection MetricData must not have a size greater than {}.", kMaxMetrics));
  const Reader reader(store_, context_.clock, space);
  std::vector<Datum> data;
  for (const auto& element : *list) {
    TRY(auto datum, reader.read(element.as_object(), data.size() + 1));
    data.push_back(std::move(datum));
  }
  // All are good: only now does any of them count.
  std::vector<Series*> touched;
  for (const auto& datum : data) {
    CHECK_OK(store_.add(*datum.series, datum.time_s, datum.high, datum.values));
    touched.push_back(datum.series);
  }
  CHECK_OK(store_.flush(touched));
  return json::Object();
}

}  // namespace dew::cloudwatch
