// GetMetricData. docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
//
// A page is a window over all data points of all results, one result after the other; its token
// says where the next one begins. A result of which more follows is PartialData.
#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "services/cloudwatch/errors.h"
#include "services/cloudwatch/labels.h"
#include "services/cloudwatch/service.h"

namespace dew::cloudwatch {

namespace {

constexpr int64_t kMaxDatapoints = 100'800;

// Of everything that decides what the results are: a token is good for the same request only.
std::string fingerprint(const json::Object& input) {
  json::Object copy = input;
  copy.erase("NextToken");
  copy.erase("MaxDatapoints");
  return std::to_string(std::hash<std::string>()(json::dump(copy)));
}

aws::ApiResult<size_t> offset_of(const json::Object& input) {
  const auto token = json::string_or(input, "NextToken");
  if (token.empty()) return 0;
  const auto text = base64_decode(token);
  const size_t colon = text ? text->find(':') : std::string::npos;
  size_t offset = 0;
  if (colon == std::string::npos || text->substr(colon + 1) != fingerprint(input) ||
      std::from_chars(text->data(), text->data() + colon, offset).ec != std::errc())
    return aws::fail("InvalidNextToken", "The next token specified is invalid.");
  return offset;
}

struct Page {
  size_t offset;  // of all points
  size_t left;
  bool more = false;
};

json::Object shown(const QueryResult& result, const LabelScope& scope, bool ascending, Page& page) {
  json::Array times;
  json::Array values;
  bool partial = false;
  const auto take = [&](const auto& point) {
    if (page.offset > 0) {
      --page.offset;
      return;
    }
    if (page.left == 0) {
      partial = page.more = true;
      return;
    }
    --page.left;
    times.emplace_back(point.first);
    values.emplace_back(point.second);
  };
  const auto& points = result.series.values;
  if (ascending) {
    for (const auto& point : points) take(point);
  } else {
    for (auto it = points.rbegin(); it != points.rend(); ++it) take(*it);
  }
  return {{"Id", result.query->id},
          {"Label", expand_label(result.series.label, result, scope)},
          {"Timestamps", std::move(times)},
          {"Values", std::move(values)},
          {"StatusCode", partial ? "PartialData" : "Complete"}};
}

}  // namespace

Service::Answer Service::get_metric_data(aws::Call& call) {
  const auto& input = call.input;
  const double start = json::number_at(input, "StartTime").value_or(0);
  const double end = json::number_at(input, "EndTime").value_or(0);
  if (!(start < end))
    return validation("The parameter StartTime must be less than the parameter EndTime.");
  const auto* list = json::array_at(input, "MetricDataQueries");
  if (list == nullptr || list->empty())
    return validation("The parameter MetricDataQueries must have at least one query.");
  TRY(const auto queries, parse_queries(*list, context_.config.account, "MetricDataQueries"));
  const auto most = json::int_at(input, "MaxDatapoints").value_or(kMaxDatapoints);
  if (most < 1 || most > kMaxDatapoints)
    return validation(fmt::format("The value {} for parameter MaxDatapoints is invalid: 1 to {}.",
                                  most, kMaxDatapoints));
  LabelScope scope{context_.config.account, context_.config.region};
  if (const auto* options = json::object_at(input, "LabelOptions")) {
    if (const auto zone = json::string_at(*options, "Timezone")) {
      TRY(scope.offset_s, parse_timezone(*zone));
    }
  }
  TRY(const size_t offset, offset_of(input));
  recorder_.settle();
  const int64_t now_s = context_.clock.now_ms() / 1000;
  const Window window{static_cast<int64_t>(std::floor(start)),
                      static_cast<int64_t>(std::ceil(end))};
  for (const auto& query : queries) {
    if (query.metric && (window.end_s - window.begin_s) / query.metric->period_s > kMaxDatapoints)
      return validation(
          fmt::format("You have requested more than {} data points of the metric {}: shorten the "
                      "time range, or "
                      "make the period longer.",
                      kMaxDatapoints, query.id));
  }
  TRY(const auto results, QueryRun(store_, queries, window, [&](int64_t period_s) {
                            return round_begin(start, now_s, period_s);
                          }).run());
  const bool ascending = json::string_or(input, "ScanBy") == "TimestampAscending";
  Page page{offset, static_cast<size_t>(most)};
  json::Array shown_results;
  for (const auto& result : results) shown_results.push_back(shown(result, scope, ascending, page));
  json::Object out{{"MetricDataResults", std::move(shown_results)}, {"Messages", json::Array()}};
  if (page.more)
    out["NextToken"] =
        base64_encode(fmt::format("{}:{}", offset + static_cast<size_t>(most), fingerprint(input)));
  return out;
}

}  // namespace dew::cloudwatch
