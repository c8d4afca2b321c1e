// Filters: what happens to events of groups that have metric or subscription filters.
//
// A group's filters are looked up when a flush is written; a group without pays for a flag. What a
// group with filters ingests is queued for one thread, which compares it and tells the metrics and
// the subscribers, so that ingestion waits for neither. Idle, the thread sleeps.
//
// What subscription filters send is deliveries.h's.
//
// Thread-safe. Limits: kMaxWaitingBytes; of more, metric filters see nothing, and the log says so.
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
#include "services/logs/deliveries.h"
#include "services/logs/filtered_metrics.h"
#include "services/logs/group_filters.h"

namespace dew::logs {

inline constexpr size_t kMaxWaitingBytes = 16 * 1024 * 1024;

class Filters {
 public:
  Filters(const services::Context& context, Records& records);
  ~Filters();
  Filters(const Filters&) = delete;

  // Before the first offer; both outlive stop(). nullptr: nobody is told.
  void set_metrics(FilteredMetrics* metrics) {
    metrics_ = metrics;
    deliveries_.set_metrics(metrics);
  }
  void set_subscriber(Subscriber* subscriber) { deliveries_.set_subscriber(subscriber); }
  Subscriber* subscriber() const { return deliveries_.subscriber(); }
  Deliveries& deliveries() { return deliveries_; }

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

  void run();
  void measure(const MetricFilter& filter, const Batch& batch);
  bool may_measure(const MetricFilter& filter, const std::string& dimensions);

  const services::Context& context_;
  FilteredMetrics* metrics_ = nullptr;

  std::atomic<bool> any_{false};
  mutable std::shared_mutex table_mutex_;
  std::map<std::string, GroupFiltersPtr, std::less<>> table_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Batch> waiting_;
  size_t waiting_bytes_ = 0;
  uint64_t dropped_ = 0;
  bool stopping_ = false;
  Deliveries deliveries_;
  std::thread thread_;
};

}  // namespace dew::logs
