// Guarded<T>: shared data that can only be reached with its mutex held.
//   Guarded<Table> table;
//   table.with([](Table& t) { ... });        // exclusive
//   table.read([](const Table& t) { ... });  // shared with other readers
// Never call out of the folder, block on I/O, or co_await inside the callback.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace dew {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class F>
  decltype(auto) with(F&& body) {
    std::unique_lock lock(mutex_);
    return std::forward<F>(body)(value_);
  }
  template <class F>
  decltype(auto) read(F&& body) const {
    std::shared_lock lock(mutex_);
    return std::forward<F>(body)(value_);
  }

 private:
  mutable std::shared_mutex mutex_;
  T value_;
};

}  // namespace dew
