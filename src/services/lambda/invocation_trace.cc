// Whether an invocation is traced. docs.aws.amazon.com/lambda/latest/api/API_TracingConfig.html:
// PassThrough traces what the caller decided to trace; Active also decides where nobody has.
#include "aws/trace_header.h"
#include "services/lambda/core.h"

namespace dew::lambda {

namespace {

int status_of(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kPayload:
    case Outcome::Kind::kFunctionError:
      return 200;
    case Outcome::Kind::kThrottled:
      return 429;
    case Outcome::Kind::kDenied:
      return 403;
    case Outcome::Kind::kNotFound:
      return 404;
    case Outcome::Kind::kFailed:
      break;
  }
  return 500;
}

}  // namespace

void Core::trace(Invocation& invocation, const Target& target,
                 std::string_view function_name) const {
  // The usual case, before anything is read: nobody has asked for a trace.
  const bool actively = invocation.executed_version == target.version
                            ? target.traces_actively
                            : target.other_traces_actively;
  if (!actively && invocation.trace_header.find("Sampled=1") == std::string::npos) return;
  const auto header = aws::parse_trace_header(invocation.trace_header);
  auto decision = header.sampled;
  if (decision == aws::Sampled::kUndecided && actively) {
    decision =
        traces->sample(function_name, target.invoked_arn) ? aws::Sampled::kYes : aws::Sampled::kNo;
  }
  if (decision == aws::Sampled::kUndecided) return;
  const TimePoint now = context.clock.now();
  std::string root = header.root.empty() ? aws::new_trace_id(now) : std::string(header.root);
  if (decision == aws::Sampled::kNo) {
    invocation.trace_header = aws::trace_header(
        root, header.parent.empty() ? aws::new_segment_id() : std::string(header.parent), decision);
    return;
  }
  auto out = std::make_shared<InvocationTrace>();
  out->trace_id = std::move(root);
  out->parent_id = header.parent;
  out->service_id = aws::new_segment_id();
  out->function_id = aws::new_segment_id();
  out->invocation_id = aws::new_segment_id();
  out->function_name = function_name;
  out->function_arn = target.invoked_arn;
  out->request_id = invocation.request_id;
  out->received = now;
  invocation.trace_header = aws::trace_header(out->trace_id, out->invocation_id, decision);
  invocation.done = [this, out, done = std::move(invocation.done)](Outcome outcome) mutable {
    const int status = status_of(outcome);
    const bool fault = outcome.kind == Outcome::Kind::kFunctionError;
    const TimePoint answered = context.clock.now();
    done(std::move(outcome));
    traces->record_service(*out, answered, status, fault || status >= 500);
  };
  invocation.trace = std::move(out);
}

}  // namespace dew::lambda
