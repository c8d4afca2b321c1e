// What a traced invocation tells of its way through an environment.
#include "json/json.h"
#include "services/lambda/environment.h"

namespace dew::lambda {

TimePoint Environment::wall(Steady::time_point time) const {
  return services_->clock.now() -
         std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - time);
}

ColdStart Environment::cold_start() const {
  return {.planned = wall(planned_at_),
          .prepared = wall(started_at_),
          .spawned = wall(spawned_at_),
          .ready = wall(ready_at_)};
}

void Environment::begin_trace() {
  trace_ = invocation_->trace;
  // As REPORT's Init Duration: of the environment's first invocation.
  if (!init_traced_) trace_->cold_start = cold_start();
  trace_->delivered = services_->clock.now();
  services_->traces->invocation_began(access_key_, *trace_);
}

void Environment::answer_trace(const InvocationPtr& invocation, const Outcome& outcome) {
  if (trace_ != invocation->trace) return;
  trace_->answered = services_->clock.now();
  if (outcome.kind == Outcome::Kind::kPayload) return;
  const auto document = json::parse(outcome.payload);
  if (document && document->is_object()) {
    trace_->error_type = json::string_or(document->get_object(), "errorType");
    trace_->error_message = json::string_or(document->get_object(), "errorMessage");
  }
  if (trace_->error_type.empty()) trace_->error_type = "Unhandled";
}

void Environment::finish_trace() {
  trace_->ended = services_->clock.now();
  services_->traces->invocation_ended(access_key_, *trace_);
  services_->traces->record_function(*trace_);
  trace_.reset();
}

void Environment::trace_start_failure(Invocation& invocation, const Failure& failure) {
  InvocationTrace& trace = *invocation.trace;
  // Nothing was ready: the stage that it did not get through is the last.
  trace.cold_start = cold_start();
  trace.cold_start->ready =
      wall(started_at_) + std::chrono::microseconds(static_cast<int64_t>(init_ms_ * 1000));
  trace.delivered = trace.received;
  trace.answered = trace.ended = services_->clock.now();
  trace.error_type = failure.type;
  trace.error_message = failure.message;
  services_->traces->record_function(trace);
}

}  // namespace dew::lambda
