// Metric and subscription filters.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html,
// API_DescribeMetricFilters.html, API_TestMetricFilter.html, API_PutSubscriptionFilter.html
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "services/logs/service.h"

namespace dew::logs {

namespace {

// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
constexpr size_t kMaxMetricFilters = 100;      // of a group
constexpr size_t kMaxSubscriptionFilters = 2;  // of a group
constexpr size_t kMaxRegexFilters = 5;         // of a group, of both kinds
constexpr size_t kPage = 50;

aws::ApiError invalid(std::string message) {
  return {"InvalidParameterException", std::move(message), 400};
}

std::string place(const json::Object& filter) {
  return json::string_or(filter, "filterName") + '\n' + json::string_or(filter, "logGroupName");
}

// "Valid only for log groups that have an active log transformer."
aws::ApiResult<void> check_transformed(const json::Object& input) {
  if (!json::bool_at(input, "applyOnTransformedLogs").value_or(false)) return {};
  return aws::fail(
      invalid("applyOnTransformedLogs is valid only for log groups that have an active log "
              "transformer, and Dewpoint has no transformers"));
}

// What a filter's record has of the request beside what every filter has.
json::Object with_newer(json::Object filter, const json::Object& input) {
  for (const auto* member :
       {"applyOnTransformedLogs", "fieldSelectionCriteria", "emitSystemFieldDimensions"}) {
    if (const auto* value = json::find(input, member)) filter[member] = *value;
  }
  return filter;
}

// A page of `filters`, which are any of those that `wanted` takes, by name.
aws::ApiResult<json::Value> page(const aws::Call& call, const char* member,
                                 std::vector<json::Object> filters,
                                 const std::function<bool(const json::Object&)>& wanted) {
  const auto limit = static_cast<size_t>(json::int_at(call.input, "limit").value_or(kPage));
  const auto token = base64_decode(json::string_or(call.input, "nextToken"));
  if (!token) return aws::fail(invalid("The specified nextToken is invalid."));
  std::ranges::sort(filters, {}, place);
  json::Array list;
  json::Object out;
  std::string last;
  for (auto& filter : filters) {
    const auto at = place(filter);
    if (!wanted(filter) || (!token->empty() && at <= *token)) continue;
    if (list.size() == limit) {
      out["nextToken"] = base64_encode(last);
      break;
    }
    last = at;
    list.emplace_back(std::move(filter));
  }
  out[member] = std::move(list);
  return out;
}

}  // namespace

aws::ApiResult<void> Service::load_filters(const std::string& group) {
  auto out = std::make_shared<GroupFilters>();
  out->group = group;
  TRY(const auto metrics, records_.filters(FilterKind::kMetric, group));
  for (const auto& record : metrics) {
    TRY(auto filter, MetricFilter::compile(record, system_fields()));
    out->metrics.push_back(std::move(filter));
  }
  TRY(const auto subscriptions, records_.filters(FilterKind::kSubscription, group));
  for (const auto& record : subscriptions) {
    TRY(auto filter, SubscriptionFilter::compile(record, system_fields()));
    out->subscriptions.push_back(std::move(filter));
  }
  filters_.set(group, metrics.empty() && subscriptions.empty() ? nullptr : std::move(out));
  return {};
}

aws::ApiResult<void> Service::load_filters() {
  std::set<std::string> groups;
  for (const auto kind : {FilterKind::kMetric, FilterKind::kSubscription}) {
    TRY(const auto records, records_.filters(kind, ""));
    for (const auto& record : records) groups.insert(json::string_or(record, "logGroupName"));
  }
  for (const auto& group : groups) {
    if (const auto loaded = load_filters(group); !loaded)
      log::error("the filters of {} do not work: {}", group, loaded.error().message);
  }
  return {};
}

aws::ApiResult<json::Value> Service::put_filter(FilterKind kind, json::Object filter,
                                                size_t regexes) {
  const auto group = json::string_or(filter, "logGroupName");
  const auto name = json::string_or(filter, "filterName");
  size_t of_kind = 1;
  size_t with_regex = regexes > 0 ? 1 : 0;
  for (const auto one : {FilterKind::kMetric, FilterKind::kSubscription}) {
    TRY(const auto others, records_.filters(one, group));
    for (const auto& other : others) {
      if (one == kind && json::string_or(other, "filterName") == name) {
        filter["creationTime"] = *json::find(other, "creationTime");
        continue;
      }
      of_kind += one == kind ? 1 : 0;
      const auto pattern = FilterPattern::parse(json::string_or(other, "filterPattern"));
      with_regex += pattern && pattern->regexes() > 0 ? 1 : 0;
    }
  }
  if (of_kind > (kind == FilterKind::kMetric ? kMaxMetricFilters : kMaxSubscriptionFilters) ||
      (regexes > 0 && with_regex > kMaxRegexFilters))
    return aws::fail("LimitExceededException", "Resource limit exceeded.");
  store::Batch batch;
  Records::put_filter(batch, kind, filter);
  CHECK_OK(records_.commit(batch));
  CHECK_OK(load_filters(group));
  return json::Object();
}

aws::ApiResult<json::Value> Service::delete_filter(FilterKind kind, aws::Call& call) {
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  const auto group_name = json::string_or(group, "logGroupName");
  const auto name = json::string_or(call.input, "filterName");
  TRY(const auto filters, records_.filters(kind, group_name));
  if (std::ranges::none_of(filters, [&](const json::Object& filter) {
        return json::string_or(filter, "filterName") == name;
      }))
    return aws::fail("ResourceNotFoundException",
                     kind == FilterKind::kMetric
                         ? "The specified metric filter does not exist."
                         : "The specified subscription filter does not exist.");
  store::Batch batch;
  Records::erase_filter(batch, kind, group_name, name);
  CHECK_OK(records_.commit(batch));
  CHECK_OK(load_filters(group_name));
  return json::Object();
}

// ---- Metric filters

aws::ApiResult<json::Value> Service::put_metric_filter(aws::Call& call) {
  CHECK_OK(check_transformed(call.input));
  // What came before the filter is not its business.
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  TRY(const auto filter, MetricFilter::compile(call.input, system_fields()));
  return put_filter(
      FilterKind::kMetric,
      with_newer({{"filterName", filter.name},
                  {"filterPattern", json::string_or(call.input, "filterPattern")},
                  {"metricTransformations", *json::find(call.input, "metricTransformations")},
                  {"creationTime", context_.clock.now_ms()},
                  {"logGroupName", json::string_or(group, "logGroupName")}},
                 call.input),
      filter.pattern.regexes());
}

aws::ApiResult<json::Value> Service::describe_metric_filters(aws::Call& call) {
  const auto metric = json::string_or(call.input, "metricName");
  const auto space = json::string_or(call.input, "metricNamespace");
  if (metric.empty() != space.empty())
    return aws::fail(invalid("metricName and metricNamespace must be given together."));
  std::string group_name;
  if (call.input.contains("logGroupName")) {
    TRY(const auto group, find_group(call));
    group_name = json::string_or(group, "logGroupName");
  }
  // "CloudWatch Logs uses the value that you set here only if you also include the logGroupName".
  const auto prefix =
      group_name.empty() ? std::string() : json::string_or(call.input, "filterNamePrefix");
  TRY(auto filters, records_.filters(FilterKind::kMetric, group_name));
  return page(call, "metricFilters", std::move(filters), [&](const json::Object& filter) {
    if (!json::string_or(filter, "filterName").starts_with(prefix)) return false;
    const auto& transformation = filter.at("metricTransformations").at(0).as_object();
    return metric.empty() || (json::string_or(transformation, "metricName") == metric &&
                              json::string_or(transformation, "metricNamespace") == space);
  });
}

aws::ApiResult<json::Value> Service::delete_metric_filter(aws::Call& call) {
  return delete_filter(FilterKind::kMetric, call);
}

aws::ApiResult<json::Value> Service::test_metric_filter(aws::Call& call) {
  TRY(const auto pattern, FilterPattern::parse(json::string_or(call.input, "filterPattern")));
  json::Array matches;
  int64_t number = 0;
  for (const auto& message : call.input.at("logEventMessages").as_array()) {
    if (auto extracted = pattern.extract(json::view(message.as_string())))
      matches.emplace_back(json::Object{{"eventNumber", number},
                                        {"eventMessage", message},
                                        {"extractedValues", std::move(*extracted)}});
    ++number;
  }
  return json::Object{{"matches", std::move(matches)}};
}

// ---- Subscription filters

aws::ApiResult<json::Value> Service::put_subscription_filter(aws::Call& call) {
  if (call.input.contains("emitSystemFields"))
    return aws::fail(invalid("Dewpoint does not support emitSystemFields yet"));
  CHECK_OK(check_transformed(call.input));
  const auto destination = json::string_or(call.input, "destinationArn");
  const auto functions = fmt::format("arn:aws:lambda:{}:{}:function:", context_.config.region,
                                     context_.config.account);
  if (!destination.starts_with("arn:aws:lambda:")) {
    return aws::fail(invalid(fmt::format(
        "Dewpoint delivers log events to Lambda functions only, and {} is none", destination)));
  }
  if (!destination.starts_with(functions) || destination.size() == functions.size())
    return aws::fail(
        invalid(fmt::format("destinationArn {} is no function of this account", destination)));
  if (call.input.contains("roleArn"))
    return aws::fail(invalid("destinationArn for vendor lambda cannot be used with roleArn"));
  std::string group_name;
  {
    TRY(const auto group, find_group(call));
    group_name = json::string_or(group, "logGroupName");
  }
  TRY(const auto filter, SubscriptionFilter::compile(call.input, system_fields()));
  if (auto* subscriber = filters_.subscriber()) {
    if (const auto may = subscriber->may_deliver(destination, group_arn(group_name) + ":*"); !may) {
      log::debug("{} cannot be subscribed: {}", destination, may.error().message);
      return aws::fail(
          invalid("Could not execute the lambda function. Make sure you have given CloudWatch Logs "
                  "permission to execute your function."));
    }
  }
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  return put_filter(
      FilterKind::kSubscription,
      with_newer({{"filterName", filter.name},
                  {"logGroupName", group_name},
                  {"filterPattern", json::string_or(call.input, "filterPattern")},
                  {"destinationArn", destination},
                  {"distribution", json::string_or(call.input, "distribution", "ByLogStream")},
                  {"creationTime", context_.clock.now_ms()}},
                 call.input),
      filter.pattern.regexes());
}

aws::ApiResult<json::Value> Service::describe_subscription_filters(aws::Call& call) {
  TRY(const auto group, find_group(call));
  const auto prefix = json::string_or(call.input, "filterNamePrefix");
  TRY(auto filters,
      records_.filters(FilterKind::kSubscription, json::string_or(group, "logGroupName")));
  return page(call, "subscriptionFilters", std::move(filters), [&](const json::Object& filter) {
    return json::string_or(filter, "filterName").starts_with(prefix);
  });
}

aws::ApiResult<json::Value> Service::delete_subscription_filter(aws::Call& call) {
  return delete_filter(FilterKind::kSubscription, call);
}

}  // namespace dew::logs
