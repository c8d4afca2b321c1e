// The durable engine: RocksDB behind store::Store, with one thread that syncs the log for all
// writers (group commit). Opening an existing directory recovers every commit that the log holds.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/store.h"

namespace dew::store {

struct RocksOptions {
  std::string directory;  // created if absent; held by a lock file against a second process
  Sync sync = Sync::kOn;
  // Runs a task on this thread, soon: after what else the thread has at hand, whose lazy commits
  // then share one write to the log. Absent: at once.
  std::function<void(std::move_only_function<void()>)> soon;
};

Result<std::unique_ptr<Store>> open_rocksdb(const RocksOptions& options);

}  // namespace dew::store
