#include "cloud/adapters.h"

namespace dew::cloud {

namespace {

using apigateway::FunctionResponse;

FunctionResponse::Kind kind_of(lambda::Outcome::Kind kind) {
  switch (kind) {
    case lambda::Outcome::Kind::kPayload:
      return FunctionResponse::Kind::kPayload;
    case lambda::Outcome::Kind::kFunctionError:
      return FunctionResponse::Kind::kFunctionError;
    case lambda::Outcome::Kind::kThrottled:
      return FunctionResponse::Kind::kThrottled;
    case lambda::Outcome::Kind::kDenied:
      return FunctionResponse::Kind::kDenied;
    case lambda::Outcome::Kind::kNotFound:
    case lambda::Outcome::Kind::kFailed:
      return FunctionResponse::Kind::kFailed;
  }
  return FunctionResponse::Kind::kFailed;
}

}  // namespace

void LambdaInvoker::invoke(apigateway::FunctionRequest request,
                           std::move_only_function<void(FunctionResponse)> done) {
  lambda::InvokeRequest invocation;
  invocation.function = std::move(request.function_arn);
  invocation.payload = std::move(request.payload);
  invocation.principal = "apigateway.amazonaws.com";
  invocation.source_arn = std::move(request.source_arn);
  invocation.trace_header = std::move(request.trace_header);
  service_->invoke_async(
      std::move(invocation), [done = std::move(done)](lambda::Outcome outcome) mutable {
        done({kind_of(outcome.kind), std::move(outcome.payload), std::move(outcome.message)});
      });
}

void LogsSink::append(std::string_view group, std::string_view stream,
                      std::vector<lambda::LogLine> lines) {
  std::vector<logs::Event> events;
  events.reserve(lines.size());
  for (const auto& line : lines) embedded_.add(group, line.message);
  for (auto& line : lines) events.push_back({line.timestamp_ms, std::move(line.message)});
  ingest_.append(group, stream, std::move(events));
}

void GatewayLog::append(std::string_view group, std::string_view stream, int64_t timestamp_ms,
                        std::string message) {
  std::vector<logs::Event> events;
  events.push_back({timestamp_ms, std::move(message)});
  ingest_.append(group, stream, std::move(events));
}

}  // namespace dew::cloud
