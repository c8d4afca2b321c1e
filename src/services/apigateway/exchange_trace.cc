#include "services/apigateway/exchange_trace.h"

#include <fmt/format.h>

#include "aws/trace_header.h"

namespace dew::apigateway {

void begin_trace(Exchange& exchange, TraceSink& sink) {
  const auto& table = *exchange.table;
  const auto header = aws::parse_trace_header(exchange.request.headers.get("x-amzn-trace-id"));
  auto decision = header.sampled;
  if (decision == aws::Sampled::kUndecided) {
    const auto host = exchange.request.host();
    const bool yes = sink.sample({.service_name = table.trace_name,
                                  .host = host,
                                  .http_method = exchange.request.method,
                                  .url_path = exchange.request.path(),
                                  .resource_arn = table.trace_arn});
    decision = yes ? aws::Sampled::kYes : aws::Sampled::kNo;
  }
  const std::string root =
      header.root.empty() ? aws::new_trace_id(exchange.received) : std::string(header.root);
  if (decision == aws::Sampled::kNo) {
    exchange.trace = aws::trace_header(root, header.parent, decision);
    return;
  }
  auto record = std::make_unique<RequestTrace>();
  record->trace_id = root;
  record->parent_id = header.parent;
  record->id = aws::new_segment_id();
  record->start = exchange.received;
  exchange.trace = aws::trace_header(root, record->id, decision);
  exchange.record = std::move(record);
}

std::string begin_integration(Exchange& exchange, const std::string& function_arn,
                              const Clock& clock) {
  auto& integration = exchange.record->integration;
  integration.id = aws::new_segment_id();
  integration.function_arn = function_arn;
  integration.start = clock.now();
  return aws::trace_header(exchange.record->trace_id, integration.id, aws::Sampled::kYes);
}

void end_integration(Exchange& exchange, FunctionResponse::Kind outcome, const Clock& clock) {
  using Kind = FunctionResponse::Kind;
  auto& integration = exchange.record->integration;
  integration.end = clock.now();
  integration.function_error = outcome == Kind::kFunctionError;
  if (outcome == Kind::kThrottled) integration.status = 429;
  if (outcome == Kind::kDenied) integration.status = 403;
  if (outcome == Kind::kFailed) integration.status = 500;
}

void end_trace(Exchange& exchange, int status, size_t response_bytes, const Clock& clock,
               TraceSink& sink) {
  const auto& table = *exchange.table;
  const auto& request = exchange.request;
  auto& record = *exchange.record;
  record.end = clock.now();
  // Timed out: the integration is still at it, and nobody waits for it any more.
  if (!record.integration.id.empty() && record.integration.end < record.integration.start) {
    record.integration.end = record.end;
    record.integration.status = 504;
  }
  record.method = request.method;
  record.url = fmt::format("http://{}{}", request.headers.get("host"), exchange.full_path());
  const auto forwarded = request.headers.get("x-forwarded-for");
  record.forwarded = !forwarded.empty();
  record.client_ip = record.forwarded ? std::string(forwarded.substr(0, forwarded.find(',')))
                                      : exchange.source_ip();
  record.user_agent = request.headers.get("user-agent");
  record.status = status;
  record.response_bytes = response_bytes;
  record.api_name = table.api_name;
  record.api_id = table.api_id;
  record.stage = table.stage;
  record.account = table.account;
  record.region = table.region;
  record.request_id = exchange.request_id;
  sink.record(record);
  exchange.record.reset();
}

}  // namespace dew::apigateway
