// Caller: how a service uses another one. The very operations that clients call, with the same
// input check, without the wire. Blocking, so never from an io thread unless the operation is
// Run::kInline.
#pragma once

#include <string_view>

#include "aws/call.h"

namespace dew::aws {

class Caller {
 public:
  virtual ~Caller() = default;
  // Durable when it returns, like any acknowledged call.
  virtual ApiResult<json::Value> call(const Identity& identity, std::string_view service,
                                      std::string_view operation, json::Object input) = 0;
};

}  // namespace dew::aws
