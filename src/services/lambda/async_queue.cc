#include "services/lambda/async_queue.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "base/log.h"
#include "json/json.h"
#include "store/key.h"

namespace dew::lambda {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kMaxBackoffMs = 5 * kMinuteMs;
constexpr int kMaxDoublings = 10;

store::Key events_key() { return store::Key("lambda").add("event"); }

}  // namespace

Result<void> AsyncQueue::load() {
  const auto prefix = events_key();
  const auto cursor = context_.store.cursor(prefix.str(), prefix.prefix_end());
  const std::scoped_lock lock(mutex_);
  for (; cursor->valid(); cursor->next()) {
    const auto id = store::KeyReader(cursor->key().substr(prefix.str().size())).text();
    TRY(const json::Value value, json::parse(cursor->value()));
    if (!id || !value.is_object()) continue;
    const auto& o = value.as_object();
    Event event;
    event.request.function = json::string_or(o, "function");
    event.request.payload = base64_decode(json::string_or(o, "payload")).value_or("{}");
    event.request.client_context = json::string_or(o, "client_context");
    event.request.request_id = *id;
    event.accepted_ms = json::int_at(o, "accepted_ms").value_or(0);
    event.due_ms = json::int_at(o, "due_ms").value_or(0);
    event.failures = static_cast<int>(json::int_at(o, "failures").value_or(0));
    wait(*id, events_.emplace(*id, std::move(event)).first->second);
  }
  return cursor->status();
}

void AsyncQueue::save(const std::string& id, const Event& event) {
  store::Batch batch;
  batch.put(events_key().add(id).str(),
            json::dump(json::Object{{"function", event.request.function},
                                    {"payload", base64_encode(event.request.payload)},
                                    {"client_context", event.request.client_context},
                                    {"accepted_ms", event.accepted_ms},
                                    {"due_ms", event.due_ms},
                                    {"failures", event.failures}}));
  if (const auto saved = context_.store.commit(batch); !saved) {
    log::error("lambda: cannot store an event: {}", saved.error().message);
  }
}

void AsyncQueue::review(const Review& payload_now) {
  std::map<std::string, std::string> payloads;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, event] : events_) payloads[id] = event.request.payload;
  }
  for (auto& [id, payload] : payloads) {
    auto now = payload_now(std::move(payload));
    const std::scoped_lock lock(mutex_);
    const auto it = events_.find(id);
    if (now) {
      it->second.request.payload = std::move(*now);
    } else {
      it->second.retry.cancel();
      forget(id);
      events_.erase(it);
    }
  }
}

Result<bool> AsyncQueue::add(InvokeRequest request) {
  const std::string id = request.request_id;
  Event event{.request = std::move(request), .accepted_ms = context_.clock.now_ms()};
  event.due_ms = event.accepted_ms;
  event.hold = context_.clock.hold();
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || events_.size() >= kMaxEvents) return false;
  }
  save(id, event);
  {
    const std::scoped_lock lock(mutex_);
    events_.emplace(id, std::move(event));
  }
  // Once the caller has its answer.
  context_.loops.next().post([this, id] { run(id); });
  return true;
}

void AsyncQueue::run(const std::string& id) {
  InvokeRequest request;
  {
    const std::scoped_lock lock(mutex_);
    const auto it = events_.find(id);
    if (stopping_ || holding_back_ || it == events_.end() || it->second.running) return;
    it->second.running = true;
    if (!it->second.hold) it->second.hold = context_.clock.hold();
    request = it->second.request;
  }
  request.log_first = true;
  invoke_(std::move(request), [this, id](Outcome outcome) { ended(id, outcome); });
}

void AsyncQueue::ended(const std::string& id, const Outcome& outcome) {
  std::string function;
  ClockHold hold;  // given up once the retry waits
  {
    const std::scoped_lock lock(mutex_);
    const auto it = events_.find(id);
    // Kept in the store for the next start.
    if (stopping_ || holding_back_ || it == events_.end()) return;
    function = it->second.request.function;
    hold = std::move(it->second.hold);
  }
  const EventPolicy policy = policy_(function);
  const int64_t now = context_.clock.now_ms();
  const std::scoped_lock lock(mutex_);
  const auto it = events_.find(id);
  if (it == events_.end()) return;
  Event& event = it->second;
  event.running = false;
  bool over = outcome.kind == Outcome::Kind::kPayload || outcome.kind == Outcome::Kind::kNotFound;
  if (outcome.kind == Outcome::Kind::kFunctionError) {
    ++event.failures;
    over = event.failures > policy.retries;
    event.due_ms = now + (event.failures * kMinuteMs);
  } else if (!over) {
    event.due_ms =
        now + std::min(kMaxBackoffMs, int64_t{1000} << std::min(event.refusals, kMaxDoublings));
    ++event.refusals;
  }
  if (over || event.due_ms - event.accepted_ms > int64_t{policy.max_age_seconds} * 1000) {
    forget(id);
    if (dropped_ && outcome.kind != Outcome::Kind::kPayload) dropped_(function);
    events_.erase(it);
    return;
  }
  save(id, event);
  wait(id, event);
}

void AsyncQueue::forget(const std::string& id) {
  store::Batch batch;
  batch.erase(events_key().add(id).str());
  if (const auto saved = context_.store.commit(batch); !saved) {
    log::error("lambda: cannot remove an event: {}", saved.error().message);
  }
}

void AsyncQueue::hold_back() {
  const std::scoped_lock lock(mutex_);
  holding_back_ = true;
}

void AsyncQueue::wait(const std::string& id, Event& event) {
  if (stopping_) return;
  const TimePoint due{std::chrono::milliseconds(event.due_ms)};
  event.retry = context_.clock.at(due, [this, id](const ClockHold&) { run(id); });
}

void AsyncQueue::stop() {
  const std::scoped_lock lock(mutex_);
  stopping_ = true;
  for (auto& [id, event] : events_) {
    event.retry.cancel();
    event.hold.reset();
  }
}

}  // namespace dew::lambda
