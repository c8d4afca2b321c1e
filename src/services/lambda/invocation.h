// One invocation on its way through the service, and how it ended.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/loop.h"
#include "services/lambda/trace_sink.h"

namespace dew::lambda {

// What an invoker asks for.
struct InvokeRequest {
  std::string function;   // name, partial or full ARN, with or without a qualifier
  std::string qualifier;  // version or alias; empty: the one in `function`, else $LATEST
  std::string payload;    // JSON; empty counts as {}
  // A service that acts through the function's resource policy ("apigateway.amazonaws.com"), and on
  // whose behalf. Empty: the caller was authorized already.
  std::string principal;
  std::string source_arn;
  std::string trace_header;    // X-Amzn-Trace-Id; made up when empty
  std::string client_context;  // JSON, decoded
  std::string request_id;      // made up when empty
  bool log_tail = false;       // collect the last 4 KB of the log
  bool log_first = false;      // an event's: its log is written before its end lets the clock go on
};

// What an invocation had of its qualifier's provisioned concurrency when it began.
struct ProvisionedUse {
  int in_use = 0;  // environments that were busy, this one among them; 0: it ran on demand
  int wanted = 0;  // environments that are to be kept
};

struct Outcome {
  enum class Kind {
    kPayload,        // `payload` is what the function answered
    kFunctionError,  // `payload` is the error document
    kThrottled,      // `code` is the reason (ThrottleReason of the API)
    kDenied,         // the resource policy does not allow the principal
    kNotFound,       // no such function, version or alias
    kFailed,         // the platform could not run it: `message` says why
  };
  Kind kind = Kind::kFailed;
  std::string payload;
  std::string message;
  std::string code;
  std::string executed_version;
  std::string request_id;
  std::string log_tail;    // raw, at most kLogTailBytes
  double duration_ms = 0;  // what the function took, its start not counted
  ProvisionedUse provisioned;

  bool ran() const { return kind == Kind::kPayload || kind == Kind::kFunctionError; }
};

using Done = std::move_only_function<void(Outcome)>;

inline constexpr size_t kLogTailBytes = 4 * 1024;  // Invoke's LogResult

// Owned by whoever has it at the moment: a fleet's queue or an environment.
struct Invocation {
  std::string request_id;
  std::string payload;
  std::string invoked_arn;
  std::string executed_version;
  std::string trace_header;
  std::string client_context;
  bool log_tail = false;
  bool log_first = false;
  ProvisionedUse provisioned;
  Done done;
  net::Loop* loop = nullptr;  // where the invoker runs: environments are started there
  std::chrono::steady_clock::time_point queued_at;
  std::shared_ptr<InvocationTrace> trace;  // null: not traced
  int starts_failed = 0;                   // environments that failed to start for it
  int handed_back = 0;                     // environments that died before they were given it
};

using InvocationPtr = std::unique_ptr<Invocation>;

}  // namespace dew::lambda
