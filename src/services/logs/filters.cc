#include "services/logs/filters.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "net/gzip.h"

namespace dew::logs {

namespace {

constexpr size_t kEventOverheadBytes = 64;  // what a waiting event costs beside its message
constexpr std::chrono::seconds kFirstDelay{1};
constexpr std::chrono::seconds kLastDelay{60};
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
constexpr size_t kMaxDimensionBytes = 1024;
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kMinuteMs = 60'000;

std::string own_group(const std::string& function_arn) {
  constexpr std::string_view kFunction = ":function:";
  const size_t at = function_arn.find(kFunction);
  if (at == std::string::npos) return {};
  const auto name = std::string_view(function_arn).substr(at + kFunction.size());
  return fmt::format("/aws/lambda/{}", name.substr(0, name.find(':')));
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

Filters::Filters(const services::Context& context)
    : context_(context), thread_([this] { run(); }) {}

Filters::~Filters() { stop(); }

GroupFiltersPtr Filters::of(std::string_view group) const {
  if (!any_.load(std::memory_order_relaxed)) return nullptr;
  const std::shared_lock lock(table_mutex_);
  const auto it = table_.find(group);
  return it == table_.end() ? nullptr : it->second;
}

void Filters::set(const std::string& group, GroupFiltersPtr filters) {
  const std::unique_lock lock(table_mutex_);
  if (filters) {
    table_[group] = std::move(filters);
  } else {
    table_.erase(group);
  }
  any_ = !table_.empty();
}

void Filters::offer(GroupFiltersPtr filters, std::string_view stream,
                    std::vector<StoredEvent> events) {
  if (events.empty()) return;
  Batch batch{std::move(filters), std::string(stream), std::move(events), 0, {}};
  for (const auto& event : batch.events) batch.bytes += event.message.size() + kEventOverheadBytes;
  batch.hold = context_.clock.hold();
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    if (waiting_bytes_ + batch.bytes > kMaxWaitingBytes) {
      if (dropped_ == 0)
        log::warn("log events of {} are not filtered: they came faster than they could be compared",
                  batch.filters->group);
      dropped_ += batch.events.size();
      return;
    }
    waiting_bytes_ += batch.bytes;
    waiting_.push_back(std::move(batch));
  }
  wake_.notify_one();
}

void Filters::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty() || !due_.empty(); });
    if (waiting_.empty() && (due_.empty() || stopping_)) return;
    if (!due_.empty() && !stopping_) {
      Delivery delivery = std::move(due_.front());
      due_.pop_front();
      lock.unlock();
      deliver(std::move(delivery));
      lock.lock();
      continue;
    }
    {
      Batch batch = std::move(waiting_.front());
      waiting_.pop_front();
      const uint64_t dropped = waiting_.empty() ? std::exchange(dropped_, 0) : 0;
      lock.unlock();
      if (dropped > 0) log::warn("{} log events were not compared with their filters", dropped);
      for (const auto& filter : batch.filters->metrics) measure(filter, batch);
      for (const auto& filter : batch.filters->subscriptions) subscribe(filter, batch);
      lock.lock();
      waiting_bytes_ -= batch.bytes;
      lock.unlock();  // the hold goes with the batch
    }
    lock.lock();
  }
}

void Filters::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    if (!due_.empty() || !timers_.empty())
      log::warn("{} deliveries to subscribed functions had not been taken",
                due_.size() + timers_.size());
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::map<uint64_t, DueTimer> timers;
  {
    const std::scoped_lock lock(mutex_);
    timers.swap(timers_);
  }
  for (auto& [id, timer] : timers) timer.cancel();
}

// ---- Metric filters

bool Filters::may_measure(const MetricFilter& filter, const std::string& dimensions) {
  auto& seen = *filter.seen;
  if (seen.disabled) return false;
  const int64_t now_ms = context_.clock.now_ms();
  if (now_ms - seen.since_ms > kHourMs) {
    seen.values.clear();
    seen.since_ms = now_ms;
  }
  seen.values.insert(dimensions);
  if (seen.values.size() <= kMaxDimensionValues) return true;
  seen.disabled = true;
  seen.values.clear();
  log::warn("the metric filter {} is disabled: its dimensions took more than {} values in an hour",
            filter.name, kMaxDimensionValues);
  return false;
}

void Filters::measure(const MetricFilter& filter, const Batch& batch) {
  if (metrics_ == nullptr) return;
  MetricValue same{.space = filter.space,
                   .name = filter.metric,
                   .dimensions = {},
                   .unit = filter.unit,
                   .value = 0,
                   .count = 0,
                   .timestamp_ms = 0};
  const auto flush = [&] {
    if (same.count > 0) metrics_->record(same);
    same.count = 0;
  };
  // Values without dimensions that are equal, in one minute, are one call.
  const auto add = [&](double value, int64_t timestamp_ms) {
    if (same.count > 0 &&
        (same.value != value || same.timestamp_ms / kMinuteMs != timestamp_ms / kMinuteMs))
      flush();
    same.value = value;
    same.timestamp_ms = timestamp_ms;
    same.count += 1;
  };
  for (const auto& event : batch.events) {
    const int64_t timestamp_ms = event.position.timestamp_ms;
    const auto taken = filter.pattern.take(event.message, filter.picks);
    if (!taken) {
      if (filter.default_value) add(*filter.default_value, timestamp_ms);
      continue;
    }
    auto value = filter.value;
    size_t next = 0;
    if (!value) {
      const auto& text = (*taken)[next++];
      const auto number = text ? parse_pattern_number(*text) : std::nullopt;
      if (!number) continue;
      value = static_cast<double>(*number);
    }
    // A dimension whose field the event lacks is left out.
    std::vector<std::pair<std::string, std::string>> dimensions;
    std::string key;
    for (const auto& name : filter.dimensions) {
      const auto& text = (*taken)[next++];
      if (!text || text->empty()) continue;
      dimensions.emplace_back(name, text->substr(0, kMaxDimensionBytes));
      key.append(name).append("\n").append(dimensions.back().second).append("\n");
    }
    if (dimensions.empty()) {
      add(*value, timestamp_ms);
    } else if (may_measure(filter, key)) {
      MetricValue one = same;
      one.dimensions = dimensions;
      one.value = *value;
      one.count = 1;
      one.timestamp_ms = timestamp_ms;
      metrics_->record(one);
    }
  }
  flush();
}

// ---- Subscription filters

std::string Filters::group_arn(const std::string& group) const {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", context_.config.region,
                     context_.config.account, group);
}

void Filters::subscribe(const SubscriptionFilter& filter, const Batch& batch) {
  const auto& group = batch.filters->group;
  if (subscriber_ == nullptr || own_group(filter.function_arn) == group) return;
  std::vector<const StoredEvent*> matching;
  size_t bytes = 0;
  const auto send = [&] {
    if (matching.empty()) return;
    deliver({group,
             filter.name,
             filter.function_arn,
             awslogs_event(context_.config.account, group, batch.stream, filter.name, matching),
             matching.size(),
             context_.clock.now_ms(),
             0,
             {}});
    matching.clear();
    bytes = 0;
  };
  for (const auto& event : batch.events) {
    if (!filter.pattern.matches(event.message)) continue;
    if (bytes + event.message.size() > kMaxDeliveryBytes) send();
    bytes += event.message.size() + kEventOverheadBytes;
    matching.push_back(&event);
  }
  send();
}

void Filters::count(const char* metric, const Delivery& delivery) {
  if (metrics_ == nullptr) return;
  const std::pair<std::string, std::string> dimensions[] = {{"DestinationType", "Lambda"},
                                                            {"FilterName", delivery.filter},
                                                            {"LogGroupName", delivery.group}};
  metrics_->record({.space = "AWS/Logs",
                    .name = metric,
                    .dimensions = dimensions,
                    .unit = "None",
                    .value = static_cast<double>(delivery.events),
                    .count = 1,
                    .timestamp_ms = context_.clock.now_ms()});
}

void Filters::deliver(Delivery delivery) {
  if (delivery.event.size() > limits::kAsyncInvocationBytes) {
    count("DeliveryErrors", delivery);
    log::warn("a log event of {} is too large for {}", delivery.group, delivery.function_arn);
    return;
  }
  const auto taken =
      subscriber_->deliver(delivery.function_arn, group_arn(delivery.group), delivery.event);
  if (taken) {
    count("ForwardedLogEvents", delivery);
    return;
  }
  if (taken.error().kind == ErrorKind::kUnavailable && try_later(delivery)) {
    count("DeliveryThrottling", delivery);
    return;
  }
  count("DeliveryErrors", delivery);
  log::warn("{} log events of {} could not be delivered to {}: {}", delivery.events, delivery.group,
            delivery.function_arn, taken.error().message);
}

bool Filters::try_later(Delivery& delivery) {
  if (context_.clock.now_ms() - delivery.first_ms >= std::chrono::milliseconds(kDeliverFor).count())
    return false;
  const auto delay = std::min(kLastDelay, kFirstDelay * (1 << std::min(delivery.tries++, 6)));
  uint64_t id = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || retry_bytes_ + delivery.event.size() > kMaxWaitingBytes) return false;
    retry_bytes_ += delivery.event.size();
    id = ++last_timer_;
    timers_[id] = DueTimer();
  }
  delivery.hold.reset();
  auto timer = context_.clock.after(
      delay, [this, id, shared = std::make_shared<Delivery>(delivery)](const ClockHold& hold) {
        {
          const std::scoped_lock lock(mutex_);
          if (stopping_ || timers_.erase(id) == 0) return;
          retry_bytes_ -= shared->event.size();
          shared->hold = hold;
          due_.push_back(std::move(*shared));
        }
        wake_.notify_one();
      });
  const std::scoped_lock lock(mutex_);
  if (const auto it = timers_.find(id); it != timers_.end()) it->second = std::move(timer);
  return true;
}

}  // namespace dew::logs
