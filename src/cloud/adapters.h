// The narrow bridges between services on the hot paths: each service owns the interface that it
// needs, another service offers what answers it, and only this folder sees both.
#pragma once

#include "services/apigateway/access_log.h"
#include "services/apigateway/function_invoker.h"
#include "services/cloudwatch/emf_intake.h"
#include "services/lambda/log_sink.h"
#include "services/lambda/service.h"
#include "services/logs/service.h"

namespace dew::cloud {

// API Gateway -> Lambda.
class LambdaInvoker final : public apigateway::FunctionInvoker {
 public:
  // The lambda service needs the log sink first, and is known only once made.
  void set(lambda::Service* service) { service_ = service; }
  void invoke(apigateway::FunctionRequest request,
              std::move_only_function<void(apigateway::FunctionResponse)> done) override;

 private:
  lambda::Service* service_ = nullptr;
};

// Lambda -> CloudWatch Logs, and metrics that are embedded in the lines -> CloudWatch.
class LogsSink final : public lambda::LogSink {
 public:
  LogsSink(logs::Ingest& ingest, cloudwatch::EmfIntake& embedded)
      : ingest_(ingest), embedded_(embedded) {}
  Room append(std::string_view group, std::string_view stream, const TimedLines& lines) override;
  void when_room(std::string_view group, std::string_view stream,
                 std::move_only_function<void()> call) override;

 private:
  logs::Ingest& ingest_;
  cloudwatch::EmfIntake& embedded_;
};

// API Gateway -> CloudWatch Logs.
class GatewayLog final : public apigateway::AccessLog {
 public:
  explicit GatewayLog(logs::Ingest& ingest) : ingest_(ingest) {}
  void append(std::string_view group, std::string_view stream, int64_t timestamp_ms,
              std::string message) override;

 private:
  logs::Ingest& ingest_;
};

}  // namespace dew::cloud
