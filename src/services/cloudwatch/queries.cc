#include "services/cloudwatch/queries.h"

#include <algorithm>
#include <cctype>

#include "services/cloudwatch/errors.h"

namespace dew::cloudwatch {

namespace {

constexpr int64_t kMaxPeriod_s = 86400 * 7;

bool valid_id(std::string_view id) {
  return !id.empty() && std::islower(static_cast<unsigned char>(id.front())) != 0 &&
         std::all_of(id.begin(), id.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

aws::ApiResult<MetricQuery> parse_stat(const json::Object& stat, const std::string& at) {
  MetricQuery out;
  const auto* metric = json::object_at(stat, "Metric");
  if (metric != nullptr) out.metric = read_metric(*metric);
  if (out.metric.name.empty() || out.metric.space.empty())
    return validation(fmt::format(
        "The parameter {}.MetricStat.Metric must have a Namespace and a MetricName.", at));
  out.statistic_name = json::string_or(stat, "Stat");
  const auto statistic = Statistic::parse(out.statistic_name);
  if (!statistic)
    return validation(fmt::format("The value {} for parameter {}.MetricStat.Stat is not supported.",
                                  out.statistic_name, at));
  out.statistic = *statistic;
  out.period_s = json::int_at(stat, "Period").value_or(60);
  if (!valid_period(out.period_s) || out.period_s > kMaxPeriod_s)
    return validation(
        fmt::format("The value {} for parameter {}.MetricStat.Period is invalid: it "
                    "must be 1, 5, 10, 30, or a multiple of 60.",
                    out.period_s, at));
  if (const auto unit = json::string_at(stat, "Unit")) out.unit = parse_unit(*unit);
  return out;
}

aws::ApiResult<Query> parse_query(const json::Object& input, const std::string& at,
                                  std::string_view account) {
  Query out;
  out.id = json::string_or(input, "Id");
  if (!valid_id(out.id))
    return validation(fmt::format(
        "The value {} for parameter {}.Id is not valid: it must begin with a lowercase letter, and "
        "have letters, digits and underscores only.",
        out.id, at));
  out.label = json::string_or(input, "Label");
  out.returned = json::bool_at(input, "ReturnData").value_or(true);
  out.period_s = json::int_at(input, "Period");
  if (out.period_s && !valid_period(*out.period_s))
    return validation(
        fmt::format("The value {} for parameter {}.Period is invalid.", *out.period_s, at));
  if (json::string_or(input, "AccountId", account) != account)
    return unsupported(at + ".AccountId: there is one account");
  const auto* stat = json::object_at(input, "MetricStat");
  const auto text = json::string_at(input, "Expression");
  if ((stat == nullptr) == !text)
    return validation(fmt::format(
        "Exactly one of the parameters {0}.MetricStat and {0}.Expression must be specified.", at));
  if (stat != nullptr) {
    TRY(out.metric, parse_stat(*stat, at));
    return out;
  }
  out.expression_text = *text;
  const auto first = text->find_first_not_of(" \t\n");
  if (first != std::string_view::npos && text->substr(first).starts_with("SELECT"))
    return validation(fmt::format(
        "Error in expression '{}': Dewpoint does not support Metrics Insights queries yet",
        out.id));
  auto parsed = Expression::parse(*text);
  if (!parsed)
    return validation(fmt::format("Error in expression '{}': {}", out.id, parsed.error().message));
  out.expression = *std::move(parsed);
  return out;
}

// Depth first; `state` 1: being visited, 2: done.
aws::ApiResult<void> check_references(const std::vector<Query>& queries, const Query& query,
                                      std::map<std::string, int>& state) {
  if (query.metric || state[query.id] == 2) return {};
  if (state[query.id] == 1)
    return validation(fmt::format("Error in expression '{}': it is made of itself", query.id));
  state[query.id] = 1;
  std::vector<std::string> ids;
  query.expression.ids(ids);
  for (const auto& id : ids) {
    const auto it = std::ranges::find(queries, id, &Query::id);
    if (it == queries.end())
      return validation(
          fmt::format("Error in expression '{}': there is no metric {}", query.id, id));
    CHECK_OK(check_references(queries, *it, state));
  }
  state[query.id] = 2;
  return {};
}

}  // namespace

aws::ApiResult<std::vector<Query>> parse_queries(const json::Array& queries,
                                                 std::string_view account, std::string_view where) {
  if (queries.size() > kMaxQueries)
    return validation(
        fmt::format("The collection {} must not have a size greater than {}.", where, kMaxQueries));
  std::vector<Query> out;
  for (const auto& element : queries) {
    TRY(auto query, parse_query(element.as_object(),
                                fmt::format("{}.member.{}", where, out.size() + 1), account));
    if (std::ranges::find(out, query.id, &Query::id) != out.end())
      return validation(fmt::format("The values for parameter id in {} are not unique.", where));
    out.push_back(std::move(query));
  }
  std::map<std::string, int> state;
  for (const auto& query : out) CHECK_OK(check_references(out, query, state));
  return out;
}

QueryRun::QueryRun(const MetricStore& store, const std::vector<Query>& queries, Window window,
                   std::function<int64_t(int64_t period_s)> begin_of)
    : store_(store), queries_(queries), window_(window), begin_of_(std::move(begin_of)) {}

Result<TimeSeries> QueryRun::metric_of(const Query& query) {
  if (const auto it = known_.find(query.id); it != known_.end())
    return std::get<TimeSeries>(it->second);
  const Window window{begin_of_(query.metric->period_s), window_.end_s};
  TRY(auto series, read_series(store_, *query.metric, window));
  series.id = query.id;
  series.label = query.label.empty() ? query.metric->metric.name : query.label;
  known_.emplace(query.id, series);
  return series;
}

int64_t QueryRun::period_of(const Query& query) const {
  if (query.period_s) return *query.period_s;
  std::vector<std::string> ids;
  query.expression.ids(ids);
  int64_t named = 0;
  int64_t any = 0;
  for (const auto& one : queries_) {
    if (!one.metric) continue;
    any = std::max(any, one.metric->period_s);
    if (std::ranges::find(ids, one.id) != ids.end()) named = std::max(named, one.metric->period_s);
  }
  return named > 0 ? named : any > 0 ? any : 60;
}

MathResult QueryRun::value_of(const Query& query) {
  if (query.metric) {
    TRY(auto series, metric_of(query));
    return series;
  }
  if (const auto it = known_.find(query.id); it != known_.end()) return it->second;
  if (!all_read_ && query.expression.calls("METRICS")) {
    all_read_ = true;
    for (const auto& one : queries_) {
      if (!one.metric) continue;
      TRY(auto series, metric_of(one));
      all_.push_back(std::move(series));
    }
  }
  const int64_t period_s = period_of(query);
  MathInputs inputs{.window = {begin_of_(period_s), window_.end_s}, .period_s = period_s};
  inputs.find = [this](std::string_view id) -> MathResult {
    const auto it = std::ranges::find(queries_, id, &Query::id);
    if (it == queries_.end())
      return fail(ErrorKind::kInvalid, fmt::format("there is no metric {}", id));
    return value_of(*it);
  };
  inputs.metrics = all_;
  TRY(auto value, evaluate(query.expression, inputs));
  known_.emplace(query.id, value);
  return value;
}

aws::ApiResult<std::vector<QueryResult>> QueryRun::run() {
  std::vector<QueryResult> out;
  for (const auto& query : queries_) {
    if (!query.returned) continue;
    auto value = value_of(query);
    if (!value && value.error().kind != ErrorKind::kInvalid)
      return aws::fail(aws::ApiError(value.error()));
    if (!value)
      return validation(
          fmt::format("Error in expression '{}': {}", query.id, value.error().message));
    if (auto* series = std::get_if<TimeSeries>(&*value)) {
      if (!query.metric) series->label = query.label.empty() ? query.id : query.label;
      out.push_back({&query, std::move(*series)});
    } else if (auto* list = std::get_if<SeriesList>(&*value)) {
      for (auto& one : *list) {
        if (!query.label.empty()) one.label = query.label + " " + one.label;
        out.push_back({&query, std::move(one)});
      }
    } else {
      return validation(fmt::format(
          "Error in expression '{}': the result of an expression must be a time series, not a {}",
          query.id, value->index() == 0 ? "number" : "string"));
    }
  }
  return out;
}

}  // namespace dew::cloudwatch
