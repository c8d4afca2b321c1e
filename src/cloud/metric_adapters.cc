#include "cloud/metric_adapters.h"

namespace dew::cloud {

namespace {

using cloudwatch::Dimension;
using cloudwatch::kCount;
using cloudwatch::kMilliseconds;
using cloudwatch::Series;
using cloudwatch::SeriesGroup;
using Dimensions = std::vector<Dimension>;
using Value = cloudwatch::Recorder::Value;

// "arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]": NAME[:QUALIFIER]
std::string_view resource_of(std::string_view arn) {
  constexpr std::string_view kFunction = ":function:";
  const size_t at = arn.find(kFunction);
  return at == std::string_view::npos ? arn : arn.substr(at + kFunction.size());
}

// One metric under several sets of dimensions.
SeriesGroup* group_of(cloudwatch::Service& cloudwatch, const char* space, const char* metric,
                      cloudwatch::Unit unit, const std::vector<Dimensions>& sets) {
  std::vector<Series*> out;
  for (const auto& set : sets)
    out.push_back(cloudwatch.metrics().series({space, metric, set}, unit));
  return cloudwatch.recorder().group(std::move(out));
}

// The parts, each on a line of its own. Lives until the next call on this thread.
std::string_view joined(std::initializer_list<std::string_view> parts) {
  thread_local std::string key;
  key.clear();
  for (const auto part : parts) key.append(part).append("\n");
  return key;
}

constexpr const char* kLambda = "AWS/Lambda";
constexpr const char* kGateway = "AWS/ApiGateway";
constexpr const char* kDynamo = "AWS/DynamoDB";

}  // namespace

// ---- Lambda

struct LambdaMetrics::Function {
  std::atomic<int> in_flight{0};
  SeriesGroup* concurrent;      // of the function
  SeriesGroup* all_concurrent;  // of the account
  SeriesGroup* received;
  SeriesGroup* dropped;
};

struct LambdaMetrics::Resource {
  std::shared_ptr<Function> function;
  SeriesGroup* invocations;
  SeriesGroup* errors;
  SeriesGroup* throttles;
  SeriesGroup* duration;
  std::vector<Dimensions> own;  // the sets that name the resource
};

// docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html: told of each version and alias
// that has provisioned concurrency.
struct LambdaMetrics::Provisioned {
  SeriesGroup* executions;
  SeriesGroup* invocations;
  SeriesGroup* spillover;
  SeriesGroup* utilization;
};

std::shared_ptr<LambdaMetrics::Function> LambdaMetrics::function(std::string_view name) {
  return functions_.get(name, [&] {
    auto out = std::make_shared<Function>();
    const Dimensions own{{"FunctionName", std::string(name)}};
    const auto group = [&](const char* metric, const Dimensions& dimensions) {
      return group_of(cloudwatch_, kLambda, metric, kCount, {dimensions});
    };
    out->concurrent = group("ConcurrentExecutions", own);
    out->all_concurrent = group("ConcurrentExecutions", {});
    out->received = group("AsyncEventsReceived", own);
    out->dropped = group("AsyncEventsDropped", own);
    return out;
  });
}

// Dimensions: docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html: all functions;
// FunctionName; FunctionName and Resource; and, through an alias, ExecutedVersion too.
std::shared_ptr<LambdaMetrics::Resource> LambdaMetrics::resource(
    const lambda::InvokedFunction& invoked) {
  return resources_.get(joined({invoked.invoked_arn, invoked.version}), [&] {
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
    out->invocations = group_of(cloudwatch_, kLambda, "Invocations", kCount, sets);
    out->errors = group_of(cloudwatch_, kLambda, "Errors", kCount, sets);
    out->throttles = group_of(cloudwatch_, kLambda, "Throttles", kCount, sets);
    out->duration = group_of(cloudwatch_, kLambda, "Duration", kMilliseconds, sets);
    return out;
  });
}

void LambdaMetrics::began(const lambda::InvokedFunction& invoked) {
  const auto found = resource(invoked);
  const Value values[] = {
      {found->function->concurrent, static_cast<double>(++found->function->in_flight)},
      {found->function->all_concurrent, static_cast<double>(++in_flight_)}};
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::ended(const lambda::InvokedFunction& invoked, Result result,
                          double duration_ms) {
  const auto found = resource(invoked);
  --found->function->in_flight;
  --in_flight_;
  if (result == Result::kThrottled) {
    const Value value{found->throttles, 1};
    return cloudwatch_.recorder().record(std::span(&value, 1));
  }
  const Value values[] = {{found->throttles, 0},
                          {found->invocations, 1},
                          {found->errors, result == Result::kError ? 1.0 : 0.0},
                          {found->duration, duration_ms}};
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::failed(const lambda::InvokedFunction& invoked) {
  --resource(invoked)->function->in_flight;
  --in_flight_;
}

void LambdaMetrics::provisioned(const lambda::InvokedFunction& invoked, int in_use, int wanted) {
  const std::string key(joined({invoked.invoked_arn, invoked.version}));
  const auto found = provisioned_.get(key, [&] {
    const auto& sets = resource(invoked)->own;
    auto out = std::make_shared<Provisioned>();
    out->executions =
        group_of(cloudwatch_, kLambda, "ProvisionedConcurrentExecutions", kCount, sets);
    out->invocations =
        group_of(cloudwatch_, kLambda, "ProvisionedConcurrencyInvocations", kCount, sets);
    out->spillover =
        group_of(cloudwatch_, kLambda, "ProvisionedConcurrencySpilloverInvocations", kCount, sets);
    out->utilization =
        group_of(cloudwatch_, kLambda, "ProvisionedConcurrencyUtilization", kCount, sets);
    return out;
  });
  const bool spilled = in_use == 0;
  const double utilization = wanted > 0 ? static_cast<double>(in_use) / wanted : 1;
  const Value values[] = {{found->invocations, spilled ? 0.0 : 1.0},
                          {found->spillover, spilled ? 1.0 : 0.0},
                          {spilled ? nullptr : found->executions, static_cast<double>(in_use)},
                          {spilled ? nullptr : found->utilization, utilization}};
  cloudwatch_.recorder().record(values);
}

void LambdaMetrics::event_received(std::string_view function_name) {
  const Value value{function(function_name)->received, 1};
  cloudwatch_.recorder().record(std::span(&value, 1));
}

void LambdaMetrics::event_dropped(std::string_view function_name) {
  const Value value{function(function_name)->dropped, 1};
  cloudwatch_.recorder().record(std::span(&value, 1));
}

// ---- API Gateway

struct GatewayMetrics::Route {
  SeriesGroup* count;
  SeriesGroup* client_errors;
  SeriesGroup* server_errors;
  SeriesGroup* latency;
  SeriesGroup* integration;
};

void GatewayMetrics::answered(const apigateway::AnsweredRequest& request) {
  const auto key = joined({request.api_name, request.stage, request.method, request.resource});
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
    out->count = group_of(cloudwatch_, kGateway, "Count", kCount, sets);
    out->client_errors = group_of(cloudwatch_, kGateway, "4XXError", kCount, sets);
    out->server_errors = group_of(cloudwatch_, kGateway, "5XXError", kCount, sets);
    out->latency = group_of(cloudwatch_, kGateway, "Latency", kMilliseconds, sets);
    out->integration = group_of(cloudwatch_, kGateway, "IntegrationLatency", kMilliseconds, sets);
    return out;
  });
  const bool server_error = request.status >= 500;
  const bool client_error = request.status >= 400 && !server_error;
  const Value values[] = {
      {route->count, 1},
      {route->client_errors, client_error ? 1.0 : 0.0},
      {route->server_errors, server_error ? 1.0 : 0.0},
      {route->latency, request.latency_ms},
      {request.integration_ms ? route->integration : nullptr, request.integration_ms.value_or(0)}};
  cloudwatch_.recorder().record(values);
}

// ---- DynamoDB

struct DynamoMetrics::Kind {
  SeriesGroup* series;
};

void DynamoMetrics::record(const char* metric, std::string_view table, std::string_view operation,
                           cloudwatch::Unit unit, double value) {
  const auto kind = kinds_.get(joined({metric, table, operation}), [&] {
    Dimensions dimensions;
    if (!operation.empty()) dimensions.push_back({"Operation", std::string(operation)});
    if (!table.empty()) dimensions.push_back({"TableName", std::string(table)});
    return std::make_shared<Kind>(Kind{group_of(cloudwatch_, kDynamo, metric, unit, {dimensions})});
  });
  const Value recorded{kind->series, value};
  cloudwatch_.recorder().record(std::span(&recorded, 1));
}

struct DynamoMetrics::Operation {
  SeriesGroup* latency;
  SeriesGroup* read;
  SeriesGroup* write;
};

// One look-up for all that a successful operation tells: this is GetItem's path.
void DynamoMetrics::succeeded(std::string_view table, std::string_view operation, double latency_ms,
                              double read_units, double write_units) {
  const auto found = operations_.get(joined({table, operation}), [&] {
    const Dimension of_table{"TableName", std::string(table)};
    const Dimension of_operation{"Operation", std::string(operation)};
    const auto group = [&](const char* metric, cloudwatch::Unit unit, Dimensions dimensions) {
      return group_of(cloudwatch_, kDynamo, metric, unit, {std::move(dimensions)});
    };
    return std::make_shared<Operation>(
        Operation{group("SuccessfulRequestLatency", kMilliseconds, {of_operation, of_table}),
                  group("ConsumedReadCapacityUnits", kCount, {of_table}),
                  group("ConsumedWriteCapacityUnits", kCount, {of_table})});
  });
  const Value values[] = {{found->latency, latency_ms},
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
