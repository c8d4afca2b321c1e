// Lambda: functions, their versions, aliases and policies, and their invocation.
// docs.aws.amazon.com/lambda/latest/api/
//
// The control plane runs on workers, the invocation path on io threads from end to end: resolve
// (catalog.h), take a warm environment (pool.h), answer its pending /next, hand its answer back.
//
// Not here yet, and refused by name: container images, VPCs, file systems, response streaming,
// event source mappings, function URLs, destinations.
//
// Thread-safe. stop() before the loops and workers end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/registry.h"
#include "policy/policy.h"
#include "sandbox/sandbox.h"
#include "services/context.h"
#include "services/lambda/invocation.h"
#include "services/lambda/invocation_metrics.h"
#include "services/lambda/log_sink.h"
#include "services/lambda/trace_sink.h"

namespace dew::lambda {

class Service {
 public:
  // With an error in place of the sandbox the service answers, and functions cannot run.
  Service(const services::Context& context, Result<std::unique_ptr<sandbox::Sandbox>> sandbox,
          LogSink& logs, TraceSink* traces = nullptr);
  ~Service();
  Service(const Service&) = delete;

  void register_operations(aws::Registry& registry);
  // Before the first invocation; outlives the service.
  void set_metrics(InvocationMetrics* metrics);

  // From here on services can be called: what provisioned concurrency keeps is started.
  void resume();

  // Runs a function and calls back once, on the invoker's loop when it can. Never blocks.
  void invoke_async(InvokeRequest request, Done done);

  // Whether there is such a function, and its policy lets the request's principal in. The error is
  // a sentence.
  Result<void> may_invoke(const InvokeRequest& request) const;

  // Takes an asynchronous event for a service that acts through the function's policy; durable when
  // the calling thread's commits are. The error is a sentence.
  Result<void> invoke_event(InvokeRequest request);

  // Asks of every asynchronous event that an earlier life accepted what its payload is now;
  // nullopt: nobody waits for it any more. Before the clock starts.
  void review_events(
      const std::function<std::optional<std::string>(std::string payload)>& payload_now);
  // Asynchronous events that end from now on count as not ended, and none begins: those whom
  // functions answer to are about to stop.
  void hold_events_back();

  // How far functions are isolated: a summary, then what could not be, a sentence each.
  std::vector<std::string> isolation() const;

  // Kills every environment; what is in flight is answered. Not from a loop's thread.
  void stop();

  // A function's resource policy, compiled, from memory; null: it has none.
  policy::PolicyPtr function_policy(std::string_view name, std::string_view qualifier) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::lambda
