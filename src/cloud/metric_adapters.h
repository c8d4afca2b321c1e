// The services' own metrics: Lambda, API Gateway and DynamoDB tell what happened through interfaces
// that they own, and here it becomes values in CloudWatch's recorder. On the hot paths: the series
// of a function, stage or table are looked up once and kept (a shared lock to find them), and a
// recording appends to a buffer.
//
// Thread-safe. Limits: kMaxKept entries; beyond that nothing more is kept, and looked up each time.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "services/apigateway/request_metrics.h"
#include "services/cloudwatch/service.h"
#include "services/dynamodb/operation_metrics.h"
#include "services/lambda/invocation_metrics.h"

namespace dew::cloud {

// Values by name, made when they are first asked for.
template <class T>
class Kept {
 public:
  static constexpr size_t kMaxKept = 10'000;

  template <class Make>
  std::shared_ptr<T> get(std::string_view name, Make make) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = map_.find(name); it != map_.end()) return it->second;
    }
    auto made = make();
    const std::unique_lock lock(mutex_);
    if (map_.size() >= kMaxKept) return made;
    return map_.try_emplace(std::string(name), std::move(made)).first->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<T>, Hash, std::equal_to<>> map_;
};

// AWS/Lambda
class LambdaMetrics final : public lambda::InvocationMetrics {
 public:
  explicit LambdaMetrics(cloudwatch::Service& cloudwatch) : cloudwatch_(cloudwatch) {}
  void began(const lambda::InvokedFunction& function) override;
  void ended(const lambda::InvokedFunction& function, Result result, double duration_ms) override;
  void failed(const lambda::InvokedFunction& function) override;
  void provisioned(const lambda::InvokedFunction& function, int in_use, int wanted) override;
  void event_received(std::string_view function_name) override;
  void event_dropped(std::string_view function_name) override;

 private:
  struct Function;  // by name
  struct Resource;  // by qualified ARN and version
  struct Provisioned;
  std::shared_ptr<Function> function(std::string_view name);
  std::shared_ptr<Resource> resource(const lambda::InvokedFunction& function);

  cloudwatch::Service& cloudwatch_;
  std::atomic<int> in_flight_{0};
  Kept<Function> functions_;
  Kept<Resource> resources_;
  Kept<Provisioned> provisioned_;
};

// AWS/ApiGateway
class GatewayMetrics final : public apigateway::RequestMetrics {
 public:
  explicit GatewayMetrics(cloudwatch::Service& cloudwatch) : cloudwatch_(cloudwatch) {}
  void answered(const apigateway::AnsweredRequest& request) override;

 private:
  struct Route;
  cloudwatch::Service& cloudwatch_;
  Kept<Route> routes_;
};

// AWS/DynamoDB
class DynamoMetrics final : public dynamodb::OperationMetrics {
 public:
  explicit DynamoMetrics(cloudwatch::Service& cloudwatch) : cloudwatch_(cloudwatch) {}
  void succeeded(std::string_view table, std::string_view operation, double latency_ms,
                 double read_units, double write_units) override;
  void condition_failed(std::string_view table) override;
  void user_error() override;
  void system_error(std::string_view table, std::string_view operation) override;

 private:
  struct Operation;  // of a table
  struct Kind;       // a metric of a table, or of one and an operation
  void record(const char* metric, std::string_view table, std::string_view operation,
              cloudwatch::Unit unit, double value);

  cloudwatch::Service& cloudwatch_;
  Kept<Operation> operations_;
  Kept<Kind> kinds_;
};

}  // namespace dew::cloud
