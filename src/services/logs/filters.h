// Filters: what happens to events of groups that have metric or subscription filters.
//
// A group's filters are looked up when a flush is written; a group without pays for a flag. What a
// group with filters ingests is queued for one thread, which compares it and tells the metrics and
// the subscribers, so that ingestion waits for neither. Idle, the thread sleeps.
//
// Deliveries that cannot be taken now are tried again with growing delays for a day ("Throttled
// deliverables are retried for up to 24 hours"); what waits is in memory, and lost with it. The
// lines of a function's own log group are not delivered to it: each delivery writes some.
//
// Thread-safe. Limits: kMaxWaitingBytes; more is not filtered, and the log says so.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/context.h"
#include "services/logs/chunk.h"
#include "services/logs/filtered_metrics.h"
#include "services/logs/group_filters.h"
#include "services/logs/subscriber.h"

namespace dew::logs {

inline constexpr size_t kMaxWaitingBytes = 16 * 1024 * 1024;
inline constexpr size_t kMaxDeliveryBytes = 512 * 1024;  // of messages, before compression
inline constexpr std::chrono::hours kDeliverFor{24};

class Filters {
 public:
  explicit Filters(const services::Context& context);
  ~Filters();
  Filters(const Filters&) = delete;

  // Before the first offer; both outlive stop(). nullptr: nobody is told.
  void set_metrics(FilteredMetrics* metrics) { metrics_ = metrics; }
  void set_subscriber(Subscriber* subscriber) { subscriber_ = subscriber; }
  Subscriber* subscriber() const { return subscriber_; }

  // nullptr: the group has none.
  GroupFiltersPtr of(std::string_view group) const;
  // nullptr takes the group's away.
  void set(const std::string& group, GroupFiltersPtr filters);

  void offer(GroupFiltersPtr filters, std::string_view stream, std::vector<StoredEvent> events);
  // Runs what waits, and joins.
  void stop();

 private:
  struct Batch {
    GroupFiltersPtr filters;
    std::string stream;
    std::vector<StoredEvent> events;
    size_t bytes = 0;
    ClockHold hold;
  };
  struct Delivery {
    std::string group;
    std::string filter;
    std::string function_arn;
    std::string event;
    size_t events = 0;
    int64_t first_ms = 0;  // when it was first tried
    int tries = 0;
    ClockHold hold;  // while it is under way
  };

  void run();
  void measure(const MetricFilter& filter, const Batch& batch);
  bool may_measure(const MetricFilter& filter, const std::string& dimensions);
  void subscribe(const SubscriptionFilter& filter, const Batch& batch);
  void deliver(Delivery delivery);
  // false: not any more.
  bool try_later(Delivery& delivery);
  void count(const char* metric, const Delivery& delivery);
  std::string group_arn(const std::string& group) const;

  const services::Context& context_;
  FilteredMetrics* metrics_ = nullptr;
  Subscriber* subscriber_ = nullptr;

  std::atomic<bool> any_{false};
  mutable std::shared_mutex table_mutex_;
  std::map<std::string, GroupFiltersPtr, std::less<>> table_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Batch> waiting_;
  std::deque<Delivery> due_;  // to be tried again
  size_t waiting_bytes_ = 0;
  size_t retry_bytes_ = 0;
  uint64_t dropped_ = 0;
  uint64_t last_timer_ = 0;
  std::map<uint64_t, DueTimer> timers_;
  bool stopping_ = false;
  std::thread thread_;
};

// The event that a function gets: {"awslogs": {"data": base64(gzip(JSON))}}.
std::string awslogs_event(std::string_view account, std::string_view group, std::string_view stream,
                          std::string_view filter, const std::vector<const StoredEvent*>& events);

}  // namespace dew::logs
