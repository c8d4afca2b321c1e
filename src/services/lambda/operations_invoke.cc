// Invoke. docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
#include "base/encoding.h"
#include "base/ids.h"
#include "base/limits.h"
#include "services/lambda/core.h"

namespace dew::lambda {
namespace {

aws::ApiError too_many(const Outcome& outcome) {
  aws::ApiError error("TooManyRequestsException", outcome.message, 429);
  error.members["Reason"] = outcome.code;
  error.members["Type"] = "User";
  return error;
}

aws::ApiResult<json::Value> rendered(Outcome outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kThrottled:
      return aws::fail(too_many(outcome));
    case Outcome::Kind::kNotFound: {
      aws::ApiError error("ResourceNotFoundException", outcome.message, 404);
      error.members["Type"] = "User";
      return aws::fail(std::move(error));
    }
    case Outcome::Kind::kDenied:
      return aws::fail(aws::ApiError("AccessDeniedException", outcome.message, 403));
    case Outcome::Kind::kFailed: {
      const bool users = outcome.code == "InvalidParameterValueException";
      return aws::fail(aws::ApiError(users ? outcome.code : "ServiceException", outcome.message,
                                     users ? 400 : 500));
    }
    case Outcome::Kind::kPayload:
    case Outcome::Kind::kFunctionError:
      break;
  }
  json::Object output{{"StatusCode", 200},
                      {"ExecutedVersion", outcome.executed_version},
                      {"Payload", outcome.payload}};
  if (outcome.kind == Outcome::Kind::kFunctionError) output["FunctionError"] = "Unhandled";
  if (!outcome.log_tail.empty()) output["LogResult"] = base64_encode(outcome.log_tail);
  return output;
}

aws::ApiResult<InvokeRequest> request_of(const aws::Call& call, size_t most,
                                         std::string_view type) {
  TRY(const FunctionName name, named_function(call.input));
  InvokeRequest request;
  request.function = name.name;
  request.qualifier = name.qualifier;
  request.payload = json::string_or(call.input, "Payload");
  if (request.payload.size() > most) {
    aws::ApiError error(
        "RequestTooLargeException",
        fmt::format("{} byte payload is too large for the {} invocation type (limit "
                    "{} bytes)",
                    request.payload.size(), type, most),
        413);
    error.members["Type"] = "User";
    return aws::fail(std::move(error));
  }
  if (!request.payload.empty()) {
    if (const auto parsed = json::check(request.payload); !parsed) {
      aws::ApiError error("InvalidRequestContentException",
                          "Could not parse request body into json: Could not parse payload into "
                          "json: " +
                              parsed.error().message,
                          400);
      error.members["Type"] = "User";
      return aws::fail(std::move(error));
    }
  }
  if (const auto context = json::string_at(call.input, "ClientContext");
      context && !context->empty()) {
    const auto decoded = base64_decode(*context);
    if (!decoded || !json::check(*decoded)) {
      return aws::fail("InvalidRequestContentException",
                       "Client context must be a valid Base64-encoded JSON object.");
    }
    request.client_context = *decoded;
  }
  if (call.http != nullptr) request.trace_header = call.http->headers.get("X-Amzn-Trace-Id");
  request.log_tail = json::string_or(call.input, "LogType") == "Tail";
  request.request_id = call.request_id;
  return request;
}

void invoke(Core& core, aws::Call& call, aws::Completion done) {
  const auto type = json::string_or(call.input, "InvocationType", "RequestResponse");
  const bool event = type == "Event";
  auto request = request_of(
      call, event ? limits::kAsyncInvocationBytes : limits::kInvocationResponseBytes, type);
  if (!request) return done(std::unexpected(request.error()));
  if (request->request_id.empty()) request->request_id = uuid_v4();
  if (type == "RequestResponse") {
    core.invoke(*std::move(request), [done = std::move(done)](Outcome outcome) mutable {
      done(rendered(std::move(outcome)));
    });
    return;
  }
  const TargetPtr target = core.catalog->resolve(request->function, request->qualifier);
  if (target == nullptr) {
    return done(aws::fail(core.catalog->not_found(request->function, request->qualifier)));
  }
  if (type == "DryRun") return done(json::Object{{"StatusCode", 204}, {"Payload", ""}});
  if (!event) {
    return done(aws::fail(aws::ApiError::validation(fmt::format(
        "1 validation error detected: Value '{}' at 'invocationType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        type))));
  }
  request->function = target->invoked_arn;
  request->qualifier.clear();
  request->log_tail = false;
  if (core.metrics != nullptr) {
    if (const auto name = parse_function_name(request->function))
      core.metrics->event_received(name->name);
  }
  const auto added = core.async->add(*std::move(request));
  if (!added) return done(aws::fail(added.error()));
  if (!*added) {
    Outcome full;
    full.code = "ConcurrentInvocationLimitExceeded";
    full.message = "Too many events are waiting.";
    return done(aws::fail(too_many(full)));
  }
  done(json::Object{{"StatusCode", 202}, {"Payload", ""}});
}

}  // namespace

void register_invoke(aws::Registry& registry, Core& core) {
  registry.add_async("lambda", "Invoke", [&core](aws::Call& call, aws::Completion done) {
    invoke(core, call, std::move(done));
  });
}

}  // namespace dew::lambda
