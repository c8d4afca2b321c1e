// Asynchronous invocations (InvocationType Event): accepted into the store, then run, and tried
// again when the function fails. docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
//
// A function error is retried twice (or as PutFunctionEventInvokeConfig says), after one minute and
// then two. Throttles and platform failures are retried with growing delays until the event is
// too old. An event leaves the store once it has succeeded or is given up, so that it runs at
// least once whatever happens to us.
//
// Retries wait on the clock, which does not go on to what is due later while an event runs.
// Thread-safe.
// Limits: kMaxEvents; more are refused as throttled.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "services/context.h"
#include "services/lambda/invocation.h"

namespace dew::lambda {

inline constexpr size_t kMaxEvents = 100'000;
inline constexpr int kDefaultRetries = 2;
inline constexpr int kDefaultMaxAgeSeconds = 6 * 3600;

struct EventPolicy {
  int retries = kDefaultRetries;
  int max_age_seconds = kDefaultMaxAgeSeconds;
};

class AsyncQueue {
 public:
  using Invoke = std::function<void(InvokeRequest, Done)>;
  using PolicyOf = std::function<EventPolicy(const std::string& function)>;

  AsyncQueue(const services::Context& context, Invoke invoke, PolicyOf policy)
      : context_(context), invoke_(std::move(invoke)), policy_(std::move(policy)) {}

  // Told of each event that is given up, with its function.
  void set_dropped(std::function<void(const std::string& function)> dropped) {
    dropped_ = std::move(dropped);
  }
  Result<void> load();
  // Asks of every event that an earlier life accepted what its payload is now; nullopt: nobody
  // waits for it any more, and it is dropped. Before the clock starts.
  using Review = std::function<std::optional<std::string>(std::string payload)>;
  void review(const Review& payload_now);
  // Stored when it returns; runs at once. false: the queue is full.
  Result<bool> add(InvokeRequest request);
  // From now on nothing begins, and nothing that ends is done with: what a function cannot tell
  // others any more, because they are stopping, it does again in the next life.
  void hold_back();
  void stop();

 private:
  struct Event {
    InvokeRequest request;
    int64_t accepted_ms = 0;
    int64_t due_ms = 0;
    int failures = 0;  // of the function
    int refusals = 0;  // throttled, or not startable
    bool running = false;
    DueTimer retry;
    ClockHold hold;  // while it runs
  };

  void run(const std::string& id);
  void ended(const std::string& id, const Outcome& outcome);
  void save(const std::string& id, const Event& event);
  void forget(const std::string& id);
  void wait(const std::string& id, Event& event);  // until it is due; with the mutex held

  const services::Context& context_;
  Invoke invoke_;
  PolicyOf policy_;
  std::function<void(const std::string&)> dropped_;
  std::mutex mutex_;
  std::map<std::string, Event> events_;  // by request id
  bool holding_back_ = false;
  bool stopping_ = false;
};

}  // namespace dew::lambda
