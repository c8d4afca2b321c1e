// TraceStore: the segments of every trace, as they were sent, in the order of time.
//
// A trace's place in time is the start of the segment of it that came first; it never moves.
// Keys and bytes: docs/formats/xray.md. Bounded: traces older than kRetention go with sweep(), and
// the oldest go when all together are larger than `max_bytes`; a trace takes kMaxTraceBytes, and
// what comes for it beyond that is dropped and said (LimitExceeded).
//
// Thread-safe: one writer at a time, readers see whole batches.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "services/xray/segment.h"
#include "store/store.h"

namespace dew::xray {

// docs.aws.amazon.com/general/latest/gr/xray.html: "Trace and service graph retention", "Trace
// document size".
inline constexpr std::chrono::days kRetention{30};
inline constexpr uint64_t kMaxTraceBytes = 500 * 1024;
inline constexpr uint64_t kDefaultStoreBytes = 512ULL * 1024 * 1024;

struct StoredTrace {
  std::string id;
  int64_t start_ms = 0;
  uint64_t revision = 0;  // how many segments have come for it
  bool limit_exceeded = false;
  std::vector<Segment> segments;  // in the order in which they came; trace_id is left empty
};

class TraceStore {
 public:
  TraceStore(store::Store& store, const Clock& clock, uint64_t max_bytes = kDefaultStoreBytes);

  // Reads how much there is. Before anything else.
  Result<void> load();
  Result<void> write(const std::vector<Segment>& segments);
  Result<std::optional<StoredTrace>> trace(std::string_view id) const;

  // A place in time: the trace that starts at `ms` with that id, or the first after it.
  struct Place {
    int64_t ms = 0;
    std::string id;
  };
  // Calls visit(trace) for every trace from `from` on that starts before `end_ms`, until it returns
  // false.
  Result<void> scan(const Place& from, int64_t end_ms,
                    const std::function<bool(StoredTrace)>& visit) const;

  // Removes what is too old or too much.
  Result<void> sweep();
  uint64_t bytes() const;

 private:
  struct Head {
    int64_t start_ms = 0;
    uint64_t bytes = 0;
    uint64_t count = 0;
    bool limit_exceeded = false;
  };
  Result<std::optional<Head>> head(std::string_view id) const;
  static StoredTrace read(store::Cursor& cursor, std::string_view id, const Head& head);
  Result<void> drop_until(int64_t cutoff_ms, uint64_t keep_bytes);

  store::Store& store_;
  const Clock& clock_;
  const uint64_t max_bytes_;
  mutable std::mutex write_;
  uint64_t bytes_ = 0;
};

}  // namespace dew::xray
