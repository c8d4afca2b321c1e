// The embedded engine's interface: an ordered, transactional map from byte strings to byte strings.
//
// The shape is the one that FoundationDB and TiKV share (ordered keys, atomic batches, snapshots),
// so that another engine can stand behind it. Two engines: rocksdb/ (durable) and memory/ (tests).
//
// Durability. commit() returns as soon as the batch is in the write-ahead log and visible to
// readers. It survives a kill -9 from then on, and a power loss from the moment durable() covers
// its sequence number. Nobody waits inside commit(): one thread syncs the log for all, and whoever
// acknowledges a write to a client holds the answer back until when_durable() calls (the front door
// does so for every operation, by take_last_commit(); a service need not think of it). With
// Sync::kOff a commit is durable once it is in the log. commit_lazily() puts it there no later than
// when_durable() calls, so that many clients' writes cost the log one write together.
//
// Keys are built with store/key.h; every service keeps to its own first component.
// Thread-safe. Limits: kMaxKeyBytes, kMaxBatchBytes; larger is refused with kInvalid.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace dew::store {

inline constexpr size_t kMaxKeyBytes = 8 * 1024;
inline constexpr size_t kMaxBatchBytes = 512 * 1024 * 1024;

using Sequence = uint64_t;  // grows with every commit; 0 is before the first

enum class Sync { kOn, kOff };

// A set of changes that becomes visible and durable as one. Not thread-safe.
class Batch {
 public:
  void put(std::string_view key, std::string_view value) {
    changes_.push_back({Kind::kPut, std::string(key), std::string(value)});
  }
  void erase(std::string_view key) { changes_.push_back({Kind::kErase, std::string(key), {}}); }
  // Every key in [begin, end).
  void erase_range(std::string_view begin, std::string_view end) {
    changes_.push_back({Kind::kEraseRange, std::string(begin), std::string(end)});
  }
  bool empty() const { return changes_.empty(); }

  enum class Kind { kPut, kErase, kEraseRange };
  struct Change {
    Kind kind;
    std::string key;
    std::string value;  // the end of the range for kEraseRange
  };
  const std::vector<Change>& changes() const { return changes_; }

 private:
  std::vector<Change> changes_;
};

enum class Direction { kForward, kBackward };

// Walks a range of one consistent state of the store. Not thread-safe; views live until next().
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool valid() const = 0;
  virtual void next() = 0;  // towards the end of the range, in the cursor's direction
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Result<void> status()
      const = 0;  // check after valid() turns false: end of range, or an I/O error
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<std::optional<std::string>> get(std::string_view key) const = 0;

  // The keys in [begin, end), in order, as of now. An empty `end` means no upper bound.
  virtual std::unique_ptr<Cursor> cursor(std::string_view begin, std::string_view end,
                                         Direction direction = Direction::kForward) const = 0;

  virtual Result<Sequence> commit(const Batch& batch) = 0;
  // As commit(), but a kill -9 may lose it until when_durable() has called. Only for what nobody
  // acts upon before its answer, which waits for that.
  virtual Result<Sequence> commit_lazily(const Batch& batch) { return commit(batch); }

  virtual bool durable(Sequence sequence) const = 0;
  // Calls back once, when durable(sequence), on this thread if it already is or Sync::kOff, else on
  // the syncing thread. The error is the log's failed write or sync: the change must then not be
  // acknowledged.
  virtual void when_durable(Sequence sequence,
                            std::move_only_function<void(Result<void>)> done) = 0;

  // The highest sequence that this thread has committed, in any store, since it last asked; 0 for
  // none.
  static Sequence take_last_commit();

 protected:
  static void note_commit(Sequence sequence);
  static Result<void> check_batch(const Batch& batch);  // the limits above
};

}  // namespace dew::store
