// TraceSink: all that Lambda needs of X-Ray. The cloud wires it to the X-Ray service.
//
// A traced invocation is two segments, as on AWS: the service's (AWS::Lambda), from the request to
// its answer, and the function's (AWS::Lambda::Function), from the environment's start, or the
// invocation's delivery, to the moment the environment is ready for another.
// docs.aws.amazon.com/lambda/latest/dg/services-xray.html
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace dew::lambda {

// The stages of a cold start, each from the end of the one before.
struct ColdStart {
  TimePoint planned;   // an environment was found to be needed
  TimePoint prepared;  // its code, interpreter and credentials are there
  TimePoint spawned;   // its process runs
  TimePoint ready;     // its runtime asked for the first invocation
};

// What is known of a traced invocation; lives as long as the invocation.
struct InvocationTrace {
  std::string trace_id;
  std::string parent_id;  // the caller's; may be empty
  std::string service_id;
  std::string function_id;
  std::string invocation_id;  // what the function sees as its parent
  std::string function_name;
  std::string function_arn;  // as invoked
  std::string request_id;
  TimePoint received;

  // Of the function's segment.
  std::optional<ColdStart> cold_start;
  TimePoint delivered;  // the function has it; as received: it never got it
  TimePoint answered;
  TimePoint ended;         // ready for the next one, or gone
  std::string error_type;  // empty: it answered
  std::string error_message;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // Whether an invocation that nobody has decided about is traced. Must not block.
  virtual bool sample(std::string_view function_name, std::string_view function_arn) = 0;

  // Between the two the environment with this key runs that invocation.
  virtual void invocation_began(std::string_view access_key, const InvocationTrace& trace) = 0;
  virtual void invocation_ended(std::string_view access_key, const InvocationTrace& trace) = 0;

  // The service's answer, with the status that Invoke has; `fault`: the function failed.
  virtual void record_service(const InvocationTrace& trace, TimePoint answered, int status,
                              bool fault) = 0;
  virtual void record_function(const InvocationTrace& trace) = 0;
};

}  // namespace dew::lambda
