// Deliveries: what subscription filters send, at least once, whatever happens.
//
// What is still to be delivered is on the disk: an entry for each chunk of events and filter,
// written with the chunk (Records::add_events) and erased when the chunk's events were taken, or
// cannot be any more. The entry names the chunk, it does not repeat it: a delivery that is tried
// again, or that a crash has interrupted, reads the events once more. What was delivered just
// before a crash may be delivered again.
//
// What cannot be taken now is tried again with growing delays for a day ("Throttled deliverables
// are retried for up to 24 hours"). The lines of a function's own log group are not delivered to
// it: each delivery writes some.
//
// run_due() and subscribe() on one thread, that of the filters; the rest thread-safe. Limits:
// kMaxRemembered chunks wait in memory; more wait on the disk until the next start.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Subscriptions.html
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "services/context.h"
#include "services/logs/filtered_metrics.h"
#include "services/logs/group_filters.h"
#include "services/logs/records.h"
#include "services/logs/subscriber.h"

namespace dew::logs {

inline constexpr size_t kMaxDeliveryBytes = 512 * 1024;  // of messages, before compression
inline constexpr std::chrono::hours kDeliverFor{24};
inline constexpr size_t kMaxRemembered = 100'000;

class Deliveries {
 public:
  // `filters` finds a group's; `wake` is called when something has become due.
  Deliveries(const services::Context& context, Records& records,
             std::function<GroupFiltersPtr(std::string_view)> filters, std::function<void()> wake)
      : context_(context),
        records_(records),
        filters_(std::move(filters)),
        wake_(std::move(wake)) {}

  void set_metrics(FilteredMetrics* metrics) { metrics_ = metrics; }
  void set_subscriber(Subscriber* subscriber) { subscriber_ = subscriber; }
  Subscriber* subscriber() const { return subscriber_; }

  // The events are whole chunks.
  void subscribe(const SubscriptionFilter& filter, const std::string& group,
                 const std::string& stream, const std::vector<StoredEvent>& events);
  // The same of chunks whose events are not at hand.
  void subscribe_later(const GroupFilters& filters, const std::string& stream,
                       const std::vector<StoredEvent>& events);
  bool due() const;
  void run_due();  // one

  // Reads what was not delivered when the cloud stopped, or was killed. Before the first event.
  void load();
  // Whoever subscribes can be reached: what was loaded is due.
  void begin();
  // Nothing is tried again after it; what waits is on the disk.
  void stop();

 private:
  struct Delivery {
    std::string group;
    std::string filter;
    std::string stream;
    std::vector<ChunkRef> chunks;
    int tries = 0;
    ClockHold hold;  // while it is under way
  };
  enum class Later { kWaits, kTooOld, kNot };

  void attempt(const SubscriptionFilter& filter, Delivery delivery,
               const std::vector<const StoredEvent*>& matching);
  Later try_later(Delivery& delivery);
  void settle(const Delivery& delivery);
  void count(const char* metric, const Delivery& delivery, size_t events);
  std::string group_arn(const std::string& group) const;

  const services::Context& context_;
  Records& records_;
  const std::function<GroupFiltersPtr(std::string_view)> filters_;
  const std::function<void()> wake_;
  FilteredMetrics* metrics_ = nullptr;
  Subscriber* subscriber_ = nullptr;

  mutable std::mutex mutex_;
  std::deque<Delivery> due_;
  size_t remembered_ = 0;  // chunks of what is due or waits for its time
  uint64_t last_timer_ = 0;
  std::map<uint64_t, DueTimer> timers_;
  bool begun_ = false;
  bool stopping_ = false;
};

// The event that a function gets: {"awslogs": {"data": base64(gzip(JSON))}}.
std::string awslogs_event(std::string_view account, std::string_view group, std::string_view stream,
                          std::string_view filter, const std::vector<const StoredEvent*>& events);

}  // namespace dew::logs
