// CallTracer: hears of the calls that belong to a recorded trace. The dispatcher owns the
// interface, the cloud implements it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/call.h"
#include "base/clock.h"

namespace dew::aws {

// A call that is being traced.
struct CallSpan {
  std::string trace_id;
  std::string parent_id;
  std::string id;
  TimePoint start;
};

class CallTracer {
 public:
  virtual ~CallTracer() = default;
  // Null: the call belongs to no trace that is recorded, which is the usual case. Asked once the
  // caller is known; must not block.
  virtual std::unique_ptr<CallSpan> begin(const http::Request& request,
                                          std::string_view access_key) = 0;
  // Its answer is ready. `error` is null for a success.
  virtual void end(const CallSpan& span, const Call& call, int status, size_t response_bytes,
                   const ApiError* error) = 0;
};

}  // namespace dew::aws
