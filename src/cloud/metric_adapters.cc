#include "cloud/metric_adapters.h"

#include <fmt/format.h>

namespace dew::cloud {

namespace {

using cloudwatch::Dimension;
using cloudwatch::kCount;
using cloudwatch::kMilliseconds;
using cloudwatch::Series;
using Dimensions = std::vector<Dimension>;
using Values = std::vector<std::pair<Series*, double>>;

// "arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]": NAME[:QUALIFIER]
std::string_view resource_of(std::string_view arn) {
  constexpr std::string_view kFunction = ":function:";
  const size_t at = arn.find(kFunction);
  return at == std::string_view::npos ? arn : arn.substr(at + kFunction.size());
}

// One metric under several sets of dimensions.
std::vector<Series*> series_of(cloudwatch::Service& cloudwatch, const char* space,
                               const char* metric, cloudwatch::Unit unit,
                               const std::vector<Dimensions>& sets) {
  std::vector<Series*> out;
  for (const auto& set : sets)
    out.push_back(cloudwatch.metrics().series({space, metric, set}, unit));
  return out;
}

void add(Values& values, const std::vector<Series*>& all, double value) {
  for (auto* series : all) values.emplace_back(series, value);
}

constexpr const char* kLambda = "AWS/Lambda";
constexpr const char* kGateway = "AWS/ApiGateway";
constexpr const char* kDynamo = "AWS/DynamoDB";

}  // namespace

// ---- Lambda

struct LambdaMetrics::Function {
  std::atomic<int> in_flight{0};
  Series* concurrent;      // of the function
  Series* all_concurrent;  // of the account
  Series* received;
  Series* dropped;
};

struct LambdaMetrics::Resource {
  std::shared_ptr<Function> function;
  std::vector<Series*> invocations;
  std::vector<Series*> errors;
  std::vector<Series*> throttles;
  std::vector<Series*> duration;
  std::vector<Dimensions> own;  // the sets that name the resource
};

// docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html: told of each version and alias
// that has provisioned concurrency.
struct LambdaMetrics::Provisioned {
  std::vector<Series*> executions;
  std::vector<Series*> invocations;
  std::vector<Series*> spillover;
  std::vector<Series*> utilization;
};

std::shared_ptr<LambdaMetrics::Function> LambdaMetrics::function(std::string_view name) {
  return functions_.get(name, [&] {
    auto out = std::make_shared<Function>();
    auto& metrics = cloudwatch_.metrics();
    const Dimensions own{{"FunctionName", std::string(name)}};
    out->concurrent = metrics.series({kLambda, "ConcurrentExecutions", own}, kCount);
    out->all_concurrent = metrics.series({kLambda, "ConcurrentExecutions", {}}, kCount);
    out->received = metrics.series({kLambda, "AsyncEventsReceived", own}, kCount);
    out->dropped = metrics.series({kLambda, "AsyncEventsDropped", own}, kCount);
    return out;
  });
}

// Dimensions: docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html: all functions;
// FunctionName; FunctionName and Resource; and, through an alias, ExecutedVersion too.
std::shared_ptr<LambdaMetrics::Resource> LambdaMetrics::resource(
    const lambda::InvokedFunction& invoked) {
  std::string key(invoked.invoked_arn);
  key.append(" ").append(invoked.version);
  return resources_.get(key, [&] {
    auto out = std::make_shared<Resource>();
    const std::string resource(resource_of(invoked.invoked_arn));
    const size_t colon = resource.find(':');
    const std::string name = resource.substr(0, colon);
    const std::string qualifier = colon == std::string::npos ? "" : resource.substr(colon + 1);
    std::vector<Dimensions> sets = {
        {}, {{"FunctionName", name}}, {{"FunctionName", name}, {"Resource", resource}}};
    if (!qualifier.empty() && qualifier != invoked.version)
      sets.push_back({{"ExecutedVersion", std::string(invoked.version)},
                      {"FunctionName", name},
                      {"Resource", resource}});
    out->own.assign(sets.begin() + 2, sets.end());
    out->function = function(name);
    out->invocations = series_of(cloudwatch_, kLambda, "Invocations", kCount, sets);
    out->errors = series_of(cloudwatch_, kLambda, "Errors", kCount, sets);
    out->throttles = series_of(cloudwatch_, kLambda, "Throttles", kCount, sets);
    out->duration = series_of(cloudwatch_, kLambda, "Duration", kMilliseconds, sets);
    return out;
  });
}

void LambdaMetrics::began(const lambda::InvokedFunction& invoked) {
  const auto found = resource(invoked);
  const std::pair<Series*, double> values[] = {
      {found->function->concurrent, ++found->function->in_flight},
      {found->function->all_concurrent, ++in_flight_}};
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::ended(const lambda::InvokedFunction& invoked, Result result,
                          double duration_ms) {
  const auto found = resource(invoked);
  --found->function->in_flight;
  --in_flight_;
  Values values;
  const bool ran = result != Result::kThrottled;
  add(values, found->throttles, ran ? 0 : 1);
  if (ran) {
    add(values, found->invocations, 1);
    add(values, found->errors, result == Result::kError ? 1 : 0);
    add(values, found->duration, duration_ms);
  }
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::failed(const lambda::InvokedFunction& invoked) {
  --resource(invoked)->function->in_flight;
  --in_flight_;
}

void LambdaMetrics::provisioned(const lambda::InvokedFunction& invoked, int in_use, int wanted) {
  std::string key(invoked.invoked_arn);
  key.append(" ").append(invoked.version);
  const auto found = provisioned_.get(key, [&] {
    const auto& sets = resource(invoked)->own;
    auto out = std::make_shared<Provisioned>();
    out->executions =
        series_of(cloudwatch_, kLambda, "ProvisionedConcurrentExecutions", kCount, sets);
    out->invocations =
        series_of(cloudwatch_, kLambda, "ProvisionedConcurrencyInvocations", kCount, sets);
    out->spillover =
        series_of(cloudwatch_, kLambda, "ProvisionedConcurrencySpilloverInvocations", kCount, sets);
    out->utilization =
        series_of(cloudwatch_, kLambda, "ProvisionedConcurrencyUtilization", kCount, sets);
    return out;
  });
  Values values;
  const bool spilled = in_use == 0;
  add(values, found->invocations, spilled ? 0 : 1);
  add(values, found->spillover, spilled ? 1 : 0);
  if (!spilled) {
    add(values, found->executions, in_use);
    add(values, found->utilization, wanted > 0 ? static_cast<double>(in_use) / wanted : 1);
  }
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::event_received(std::string_view function_name) {
  const std::pair<Series*, double> values[] = {{function(function_name)->received, 1}};
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::event_dropped(std::string_view function_name) {
  const std::pair<Series*, double> values[] = {{function(function_name)->dropped, 1}};
  cloudwatch_.recorder().record(values);
}

// ---- API Gateway

struct GatewayMetrics::Route {
  std::vector<Series*> count;
  std::vector<Series*> client_errors;
  std::vector<Series*> server_errors;
  std::vector<Series*> latency;
  std::vector<Series*> integration;
};

void GatewayMetrics::answered(const apigateway::AnsweredRequest& request) {
  const auto key = fmt::format("{}\n{}\n{}\n{}", request.api_name, request.stage, request.method,
                               request.resource);
  const auto route = routes_.get(key, [&] {
    auto out = std::make_shared<Route>();
    const Dimension api{"ApiName", std::string(request.api_name)};
    const Dimension stage{"Stage", std::string(request.stage)};
    std::vector<Dimensions> sets = {{api}, {api, stage}};
    if (!request.method.empty())
      sets.push_back({api,
                      {"Method", std::string(request.method)},
                      {"Resource", std::string(request.resource)},
                      stage});
    out->count = series_of(cloudwatch_, kGateway, "Count", kCount, sets);
    out->client_errors = series_of(cloudwatch_, kGateway, "4XXError", kCount, sets);
    out->server_errors = series_of(cloudwatch_, kGateway, "5XXError", kCount, sets);
    out->latency = series_of(cloudwatch_, kGateway, "Latency", kMilliseconds, sets);
    out->integration = series_of(cloudwatch_, kGateway, "IntegrationLatency", kMilliseconds, sets);
    return out;
  });
  Values values;
  add(values, route->count, 1);
  add(values, route->client_errors, request.status >= 400 && request.status < 500 ? 1 : 0);
  add(values, route->server_errors, request.status >= 500 ? 1 : 0);
  add(values, route->latency, request.latency_ms);
  if (request.integration_ms) add(values, route->integration, *request.integration_ms);
  cloudwatch_.recorder().record(values);
}

// ---- DynamoDB

struct DynamoMetrics::Kind {
  Series* series;
};

void DynamoMetrics::record(const char* metric, std::string_view table, std::string_view operation,
                           cloudwatch::Unit unit, double value) {
  const auto key = fmt::format("{}\n{}\n{}", metric, table, operation);
  const auto kind = kinds_.get(key, [&] {
    Dimensions dimensions;
    if (!operation.empty()) dimensions.push_back({"Operation", std::string(operation)});
    if (!table.empty()) dimensions.push_back({"TableName", std::string(table)});
    return std::make_shared<Kind>(
        Kind{cloudwatch_.metrics().series({kDynamo, metric, std::move(dimensions)}, unit)});
  });
  const std::pair<Series*, double> values[] = {{kind->series, value}};
  cloudwatch_.recorder().record(values);
}

struct DynamoMetrics::Operation {
  Series* latency;
  Series* read;
  Series* write;
};

// One look-up for all that a successful operation tells: this is GetItem's path.
void DynamoMetrics::succeeded(std::string_view table, std::string_view operation, double latency_ms,
                              double read_units, double write_units) {
  thread_local std::string key;
  key.assign(table).append("\n").append(operation);
  const auto found = operations_.get(key, [&] {
    auto& metrics = cloudwatch_.metrics();
    const Dimension of_table{"TableName", std::string(table)};
    const Dimension of_operation{"Operation", std::string(operation)};
    return std::make_shared<Operation>(
        Operation{metrics.series({kDynamo, "SuccessfulRequestLatency", {of_operation, of_table}},
                                 kMilliseconds),
                  metrics.series({kDynamo, "ConsumedReadCapacityUnits", {of_table}}, kCount),
                  metrics.series({kDynamo, "ConsumedWriteCapacityUnits", {of_table}}, kCount)});
  });
  const std::pair<Series*, double> values[] = {
      {found->latency, latency_ms},
      {read_units > 0 ? found->read : nullptr, read_units},
      {write_units > 0 ? found->write : nullptr, write_units}};
  cloudwatch_.recorder().record(values);
}
void DynamoMetrics::condition_failed(std::string_view table) {
  record("ConditionalCheckFailedRequests", table, {}, kCount, 1);
}
void DynamoMetrics::user_error() { record("UserErrors", {}, {}, kCount, 1); }
void DynamoMetrics::system_error(std::string_view table, std::string_view operation) {
  record("SystemErrors", table, operation, kCount, 1);
}

}  // namespace dew::cloud
