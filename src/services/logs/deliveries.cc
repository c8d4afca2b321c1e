#include "services/logs/deliveries.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/gzip.h"

namespace dew::logs {

namespace {

constexpr size_t kEventOverheadBytes = 64;
constexpr std::chrono::seconds kFirstDelay{1};
constexpr std::chrono::seconds kLastDelay{60};

// Of each chunk of the events: where it is, and its first and last event.
struct ChunkOf {
  ChunkRef ref;
  size_t begin = 0;
  size_t end = 0;
};
std::vector<ChunkOf> chunks_of(const std::vector<StoredEvent>& events) {
  std::vector<ChunkOf> out;
  for (size_t i = 0; i < events.size(); ++i) {
    const auto& position = events[i].position;
    if (out.empty() || out.back().ref.number != position.chunk)
      out.push_back({{position.timestamp_ms, position.chunk}, i, i});
    out.back().end = i + 1;
  }
  return out;
}

}  // namespace

std::string awslogs_event(std::string_view account, std::string_view group, std::string_view stream,
                          std::string_view filter, const std::vector<const StoredEvent*>& events) {
  json::Array list;
  for (const auto* event : events)
    list.emplace_back(json::Object{{"id", event->position.digits()},
                                   {"timestamp", event->position.timestamp_ms},
                                   {"message", event->message}});
  const json::Object data{{"messageType", "DATA_MESSAGE"},
                          {"owner", account},
                          {"logGroup", group},
                          {"logStream", stream},
                          {"subscriptionFilters", json::Array{filter}},
                          {"logEvents", std::move(list)}};
  return json::dump(json::Object{
      {"awslogs", json::Object{{"data", base64_encode(http::gzip(json::dump(data)))}}}});
}

std::string Deliveries::group_arn(const std::string& group) const {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", context_.config.region,
                     context_.config.account, group);
}

void Deliveries::subscribe(const SubscriptionFilter& filter, const std::string& group,
                           const std::string& stream, const std::vector<StoredEvent>& events) {
  if (!filter.selected) return;
  Delivery next{group, filter.name, stream, {}, 0, {}};
  std::vector<const StoredEvent*> matching;
  size_t bytes = 0;
  const auto send = [&] {
    if (!next.chunks.empty()) attempt(filter, next, matching);
    next.chunks.clear();
    matching.clear();
    bytes = 0;
  };
  for (const auto& chunk : chunks_of(events)) {
    std::vector<const StoredEvent*> found;
    size_t size = 0;
    for (size_t i = chunk.begin; i < chunk.end; ++i) {
      if (!filter.pattern.matches(events[i].message)) continue;
      found.push_back(&events[i]);
      size += events[i].message.size() + kEventOverheadBytes;
    }
    if (bytes > 0 && bytes + size > kMaxDeliveryBytes) send();
    bytes += size;
    next.chunks.push_back(chunk.ref);
    matching.insert(matching.end(), found.begin(), found.end());
  }
  send();
}

void Deliveries::subscribe_later(const GroupFilters& filters, const std::string& stream,
                                 const std::vector<StoredEvent>& events) {
  const auto chunks = chunks_of(events);
  for (const auto& filter : filters.subscriptions) {
    if (!filter.selected) continue;
    const std::scoped_lock lock(mutex_);
    for (const auto& chunk : chunks) {
      if (stopping_ || remembered_ >= kMaxRemembered) return;  // they are on the disk
      ++remembered_;
      due_.push_back({filters.group, filter.name, stream, {chunk.ref}, 0, context_.clock.hold()});
    }
  }
}

bool Deliveries::due() const {
  const std::scoped_lock lock(mutex_);
  return begun_ && !stopping_ && !due_.empty();
}

void Deliveries::run_due() {
  Delivery delivery;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || due_.empty()) return;
    delivery = std::move(due_.front());
    due_.pop_front();
    remembered_ -= delivery.chunks.size();
  }
  const auto filters = filters_(delivery.group);
  const auto* filter = filters ? filters->subscription(delivery.filter) : nullptr;
  if (filter == nullptr || !filter->selected) return settle(delivery);
  std::vector<StoredEvent> events;
  for (const auto& ref : delivery.chunks) {
    auto chunk = records_.chunk(delivery.group, delivery.stream, ref);
    if (!chunk) {
      log::error("log events of {} could not be read for {}: {}", delivery.group, delivery.filter,
                 chunk.error().message);
      continue;
    }
    events.insert(events.end(), std::make_move_iterator(chunk->begin()),
                  std::make_move_iterator(chunk->end()));
  }
  std::vector<const StoredEvent*> matching;
  for (const auto& event : events)
    if (filter->pattern.matches(event.message)) matching.push_back(&event);
  attempt(*filter, std::move(delivery), matching);
}

void Deliveries::attempt(const SubscriptionFilter& filter, Delivery delivery,
                         const std::vector<const StoredEvent*>& matching) {
  if (matching.empty() || subscriber_ == nullptr) return settle(delivery);
  auto event = awslogs_event(context_.config.account, delivery.group, delivery.stream, filter.name,
                             matching);
  if (event.size() > limits::kAsyncInvocationBytes) {
    count("DeliveryErrors", delivery, matching.size());
    log::warn("a log event of {} is too large for {}", delivery.group, filter.function_arn);
    return settle(delivery);
  }
  const auto taken =
      subscriber_->deliver(filter.function_arn, group_arn(delivery.group), std::move(event));
  if (taken) {
    count("ForwardedLogEvents", delivery, matching.size());
    return settle(delivery);
  }
  if (taken.error().kind == ErrorKind::kUnavailable) {
    switch (try_later(delivery)) {
      case Later::kWaits:
        count("DeliveryThrottling", delivery, matching.size());
        return;
      case Later::kNot:
        return;
      case Later::kTooOld:
        break;
    }
  }
  count("DeliveryErrors", delivery, matching.size());
  log::warn("{} log events of {} could not be delivered to {}: {}", matching.size(), delivery.group,
            filter.function_arn, taken.error().message);
  settle(delivery);
}

void Deliveries::settle(const Delivery& delivery) {
  store::Batch batch;
  for (const auto& ref : delivery.chunks)
    Records::erase_undelivered(batch, delivery.group, delivery.filter, ref.number);
  if (const auto written = records_.commit(batch); !written)
    log::error("what was delivered of {} may be delivered again: {}", delivery.group,
               written.error().message);
}

void Deliveries::count(const char* metric, const Delivery& delivery, size_t events) {
  if (metrics_ == nullptr) return;
  const std::pair<std::string, std::string> dimensions[] = {{"DestinationType", "Lambda"},
                                                            {"FilterName", delivery.filter},
                                                            {"LogGroupName", delivery.group}};
  metrics_->record({.space = "AWS/Logs",
                    .name = metric,
                    .dimensions = dimensions,
                    .unit = "None",
                    .value = static_cast<double>(events),
                    .count = 1,
                    .timestamp_ms = context_.clock.now_ms()});
}

Deliveries::Later Deliveries::try_later(Delivery& delivery) {
  // A chunk's number is at least the time at which it came, in microseconds.
  const auto came_ms = static_cast<int64_t>(delivery.chunks.front().number / 1000);
  if (context_.clock.now_ms() - came_ms >= std::chrono::milliseconds(kDeliverFor).count())
    return Later::kTooOld;
  const auto delay = std::min(kLastDelay, kFirstDelay * (1 << std::min(delivery.tries++, 6)));
  uint64_t id = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return Later::kNot;
    if (remembered_ + delivery.chunks.size() > kMaxRemembered) {
      log::warn("log events of {} wait for {} until the next start: too many do", delivery.group,
                delivery.filter);
      return Later::kNot;
    }
    remembered_ += delivery.chunks.size();
    id = ++last_timer_;
    timers_[id] = DueTimer();
  }
  delivery.hold.reset();
  auto timer = context_.clock.after(
      delay, [this, id, shared = std::make_shared<Delivery>(delivery)](const ClockHold& hold) {
        {
          const std::scoped_lock lock(mutex_);
          if (stopping_ || timers_.erase(id) == 0) return;
          shared->hold = hold;
          due_.push_back(std::move(*shared));
        }
        wake_();
      });
  const std::scoped_lock lock(mutex_);
  if (const auto it = timers_.find(id); it != timers_.end()) it->second = std::move(timer);
  return Later::kWaits;
}

void Deliveries::load() {
  auto found = records_.undelivered(kMaxRemembered);
  if (!found) {
    log::error("what is to be delivered to subscribed functions cannot be read: {}",
               found.error().message);
    return;
  }
  const std::scoped_lock lock(mutex_);
  for (auto& one : *found) {
    ++remembered_;
    due_.push_back(
        {std::move(one.group), std::move(one.filter), std::move(one.stream), {one.chunk}, 0, {}});
  }
}

void Deliveries::begin() {
  {
    const std::scoped_lock lock(mutex_);
    begun_ = true;
  }
  wake_();
}

void Deliveries::stop() {
  std::map<uint64_t, DueTimer> timers;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    timers.swap(timers_);
    due_.clear();
  }
  for (auto& [id, timer] : timers) timer.cancel();
}

}  // namespace dew::logs
