#include "services/logs/filters.h"

#include <fmt/format.h>

#include "base/log.h"

namespace dew::logs {

namespace {

constexpr size_t kEventOverheadBytes = 64;  // what a waiting event costs beside its message
// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
constexpr size_t kMaxDimensionBytes = 1024;
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kMinuteMs = 60'000;

}  // namespace

Filters::Filters(const services::Context& context, Records& records)
    : context_(context),
      deliveries_(
          context, records, [this](std::string_view group) { return of(group); },
          [this] {
            {
              const std::scoped_lock lock(mutex_);
            }
            wake_.notify_one();
          }),
      thread_([this] { run(); }) {}

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
      if (dropped_ == 0 && !batch.filters->metrics.empty())
        log::warn("log events of {} are not counted: they came faster than they could be compared",
                  batch.filters->group);
      dropped_ += batch.filters->metrics.empty() ? 0 : batch.events.size();
      deliveries_.subscribe_later(*batch.filters, batch.stream, batch.events);
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
    wake_.wait(lock, [&] { return stopping_ || !waiting_.empty() || deliveries_.due(); });
    if (waiting_.empty()) {
      if (stopping_) return;
      lock.unlock();
      deliveries_.run_due();
      lock.lock();
      continue;
    }
    {
      Batch batch = std::move(waiting_.front());
      waiting_.pop_front();
      const uint64_t dropped = waiting_.empty() ? std::exchange(dropped_, 0) : 0;
      lock.unlock();
      if (dropped > 0) log::warn("{} log events were not compared with metric filters", dropped);
      for (const auto& filter : batch.filters->metrics) measure(filter, batch);
      for (const auto& filter : batch.filters->subscriptions)
        deliveries_.subscribe(filter, batch.filters->group, batch.stream, batch.events);
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
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  deliveries_.stop();
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
  if (metrics_ == nullptr || !filter.selected) return;
  MetricValue same{.space = filter.space,
                   .name = filter.metric,
                   .dimensions = filter.system_dimensions,
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
    auto dimensions = filter.system_dimensions;
    std::string key;
    for (const auto& name : filter.dimensions) {
      const auto& text = (*taken)[next++];
      if (!text || text->empty()) continue;
      dimensions.emplace_back(name, text->substr(0, kMaxDimensionBytes));
      key.append(name).append("\n").append(dimensions.back().second).append("\n");
    }
    if (key.empty()) {
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

}  // namespace dew::logs
