// The bridges from the services to X-Ray: what each of them tells of a traced request becomes a
// segment document, in the form that AWS's own services send, and goes to the X-Ray service.
// docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
//
// Thread-safe; nothing blocks.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "aws/call_tracer.h"
#include "services/apigateway/trace_sink.h"
#include "services/lambda/trace_sink.h"
#include "services/xray/service.h"

namespace dew::cloud {

class GatewayTraces final : public apigateway::TraceSink {
 public:
  explicit GatewayTraces(xray::Service& xray) : xray_(xray) {}
  bool sample(const apigateway::SamplingQuestion& question) override;
  void record(const apigateway::RequestTrace& trace) override;

 private:
  xray::Service& xray_;
};

// Which traced invocation runs with which access key. Environments of one function share a key: of
// two at once nobody can tell whose a call is that names no trace.
class RunningInvocations {
 public:
  struct Place {
    std::string trace_id;
    std::string invocation_id;
  };
  void add(std::string_view access_key, Place place);
  void remove(std::string_view access_key, std::string_view invocation_id);
  // nullopt: none, or more than one.
  std::optional<Place> find(std::string_view access_key) const;

 private:
  std::atomic<int> count_ = 0;
  mutable std::mutex mutex_;
  std::multimap<std::string, Place, std::less<>> places_;
};

class LambdaTraces final : public lambda::TraceSink {
 public:
  LambdaTraces(xray::Service& xray, RunningInvocations& running, std::string account)
      : xray_(xray), running_(running), account_(std::move(account)) {}
  bool sample(std::string_view function_name, std::string_view function_arn) override;
  void invocation_began(std::string_view access_key, const lambda::InvocationTrace& trace) override;
  void invocation_ended(std::string_view access_key, const lambda::InvocationTrace& trace) override;
  void record_service(const lambda::InvocationTrace& trace, TimePoint answered, int status,
                      bool fault) override;
  void record_function(const lambda::InvocationTrace& trace) override;

 private:
  xray::Service& xray_;
  RunningInvocations& running_;
  const std::string account_;
};

// The calls that functions make of the cloud's own services.
class CallTraces final : public aws::CallTracer {
 public:
  CallTraces(xray::Service& xray, const RunningInvocations& running, const Clock& clock)
      : xray_(xray), running_(running), clock_(clock) {}
  std::unique_ptr<aws::CallSpan> begin(const http::Request& request,
                                       std::string_view access_key) override;
  void end(const aws::CallSpan& span, const aws::Call& call, int status, size_t response_bytes,
           const aws::ApiError* error) override;

 private:
  xray::Service& xray_;
  const RunningInvocations& running_;
  const Clock& clock_;
};

}  // namespace dew::cloud
