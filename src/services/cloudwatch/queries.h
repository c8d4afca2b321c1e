// MetricDataQueries: the metrics and expressions of one GetMetricData, or of one alarm.
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
#pragma once

#include <map>

#include "aws/api_error.h"
#include "services/cloudwatch/math.h"

namespace dew::cloudwatch {

inline constexpr size_t kMaxQueries = 500;

struct Query {
  std::string id;
  std::string label;
  bool returned = true;
  std::optional<int64_t> period_s;  // of an expression
  std::optional<MetricQuery> metric;
  Expression expression;  // when there is no metric
  std::string expression_text;
};

// Checked: ids, periods, statistics, expressions, and that nothing is made of itself. `where`
// names the list in errors.
aws::ApiResult<std::vector<Query>> parse_queries(const json::Array& queries,
                                                 std::string_view account, std::string_view where);

struct QueryResult {
  const Query* query;
  TimeSeries series;
};

// All that are returned, in the queries' order; one whose value is an array gives several. The
// error is that of an expression.
class QueryRun {
 public:
  QueryRun(const MetricStore& store, const std::vector<Query>& queries, Window window,
           std::function<int64_t(int64_t period_s)> begin_of);
  aws::ApiResult<std::vector<QueryResult>> run();

 private:
  MathResult value_of(const Query& query);
  Result<TimeSeries> metric_of(const Query& query);
  int64_t period_of(const Query& query) const;

  const MetricStore& store_;
  const std::vector<Query>& queries_;
  Window window_;
  std::function<int64_t(int64_t)> begin_of_;
  std::map<std::string, MathValue, std::less<>> known_;
  SeriesList all_;
  bool all_read_ = false;
};

}  // namespace dew::cloudwatch
