#include "services/dynamodb/service.h"

#include "services/dynamodb/capacity.h"
#include "services/dynamodb/engine.h"

namespace dew::dynamodb {
namespace {

struct Operation {
  const char* name;
  aws::Run run;
  Output (*function)(Engine&, aws::Call&);
};

// The four single-item operations take microseconds and run on the io thread.
constexpr Operation kOperations[] = {
    {"GetItem", aws::Run::kInline, get_item},
    {"PutItem", aws::Run::kInline, put_item},
    {"UpdateItem", aws::Run::kInline, update_item},
    {"DeleteItem", aws::Run::kInline, delete_item},
    {"Query", aws::Run::kWorker, query},
    {"Scan", aws::Run::kWorker, scan},
    {"BatchGetItem", aws::Run::kWorker, batch_get_item},
    {"BatchWriteItem", aws::Run::kWorker, batch_write_item},
    {"CreateTable", aws::Run::kWorker, create_table},
    {"DescribeTable", aws::Run::kWorker, describe_table},
    {"ListTables", aws::Run::kWorker, list_tables},
    {"UpdateTable", aws::Run::kWorker, update_table},
    {"DeleteTable", aws::Run::kWorker, delete_table},
    {"DescribeTimeToLive", aws::Run::kWorker, describe_time_to_live},
    {"UpdateTimeToLive", aws::Run::kWorker, update_time_to_live},
    {"DescribeContinuousBackups", aws::Run::kWorker, describe_continuous_backups},
    {"ListTagsOfResource", aws::Run::kWorker, list_tags_of_resource},
    {"TagResource", aws::Run::kWorker, tag_resource},
    {"UntagResource", aws::Run::kWorker, untag_resource},
    {"DescribeLimits", aws::Run::kWorker, describe_limits},
    {"DescribeEndpoints", aws::Run::kWorker, describe_endpoints},
};

// What the call's outcome and time say, told to CloudWatch.
void measure(OperationMetrics& metrics, const aws::Call& call, const Output& output,
             std::chrono::steady_clock::time_point began) {
  auto table = json::string_at(call.input, "TableName").value_or(std::string_view());
  const auto units = take_units();
  // A batch names its tables by key; one of several is not told apart.
  const auto* items = json::object_at(call.input, "RequestItems");
  if (items != nullptr && items->size() == 1) table = items->begin()->key();
  if (output) {
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    if (!table.empty())
      metrics.succeeded(table, call.operation, took.count(), units.read, units.write);
    return;
  }
  const auto& error = output.error();
  if (error.code == "ConditionalCheckFailedException") return metrics.condition_failed(table);
  if (error.status >= 500) return metrics.system_error(table, call.operation);
  metrics.user_error();
}

}  // namespace

Service::Service(const services::Context& context) : engine_(std::make_unique<Engine>(context)) {}
Service::~Service() = default;

std::string Service::partition_key(std::string_view table, std::string_view index) const {
  if (!index.empty()) return {};
  const auto found = engine_->tables.find(table);
  return found ? (*found)->definition.keys.partition.name : std::string();
}

void Service::register_operations(aws::Registry& registry) {
  for (const auto& operation : kOperations) {
    registry.add("dynamodb", operation.name, operation.run,
                 [engine = engine_.get(), function = operation.function,
                  metrics = metrics_](aws::Call& call) {
                   if (metrics == nullptr) return function(*engine, call);
                   (void)take_units();
                   const auto began = std::chrono::steady_clock::now();
                   auto output = function(*engine, call);
                   measure(*metrics, call, output, began);
                   return output;
                 });
  }
}

}  // namespace dew::dynamodb
