// FunctionInvoker: all that API Gateway needs of Lambda. The cloud wires it to the lambda service.
#pragma once

#include <functional>
#include <string>

namespace dew::apigateway {

struct FunctionRequest {
  std::string function_arn;  // with alias or version if the integration names one
  std::string payload;       // the event, JSON
  std::string source_arn;    // arn:aws:execute-api:region:account:api/stage/METHOD/path, for the
                             // resource policy
  std::string trace_header;  // X-Amzn-Trace-Id to hand on
};

struct FunctionResponse {
  enum class Kind {
    kPayload,        // `payload` is what the function answered
    kFunctionError,  // `payload` is the error document (X-Amz-Function-Error was set)
    kThrottled,      // no concurrency left: `message` says which limit
    kDenied,         // the function's resource policy does not allow API Gateway
    kFailed,         // no such function, could not be started, …: `message` says why
  };
  Kind kind = Kind::kFailed;
  std::string payload;
  std::string message;
};

class FunctionInvoker {
 public:
  virtual ~FunctionInvoker() = default;
  // Called on an io thread; calls back once, from any thread (the same one when it can).
  virtual void invoke(FunctionRequest request,
                      std::move_only_function<void(FunctionResponse)> done) = 0;
};

}  // namespace dew::apigateway
