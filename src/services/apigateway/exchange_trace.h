// A traced request on its way: called by the data plane for stages with tracing enabled only.
// Functions on an Exchange; its thread's rules hold.
#pragma once

#include "services/apigateway/exchange.h"
#include "services/apigateway/function_invoker.h"
#include "services/apigateway/trace_sink.h"

namespace dew::apigateway {

// Decides, where the client has not; sets the exchange's trace header and, if it is traced, its
// record.
void begin_trace(Exchange& exchange, TraceSink& sink);

// Of an exchange that is traced. The header that the function gets.
std::string begin_integration(Exchange& exchange, const std::string& function_arn,
                              const Clock& clock);
void end_integration(Exchange& exchange, FunctionResponse::Kind outcome, const Clock& clock);
void end_trace(Exchange& exchange, int status, size_t response_bytes, const Clock& clock,
               TraceSink& sink);

}  // namespace dew::apigateway
