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

lambda::LogSink::Room LogsSink::append(std::string_view group, std::string_view stream,
                                       const TimedLines& lines) {
  for (size_t i = 0; i < lines.size(); ++i) embedded_.add(group, lines.text(i));
  return ingest_.append(group, stream, lines) == logs::Ingest::Room::kEnough ? Room::kEnough
                                                                             : Room::kNone;
}

void LogsSink::when_room(std::string_view group, std::string_view stream,
                         std::move_only_function<void()> call) {
  ingest_.when_room(group, stream, std::move(call));
}

void GatewayLog::append(std::string_view group, std::string_view stream, int64_t timestamp_ms,
                        std::string message) {
  TimedLines lines;
  lines.add(timestamp_ms, message);
  ingest_.append(group, stream, lines);
}

}  // namespace dew::cloud
