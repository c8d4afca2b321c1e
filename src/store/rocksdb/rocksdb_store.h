// The durable engine: RocksDB behind store::Store, with one thread that syncs the log for all
// writers (group commit). Opening an existing directory recovers every commit that the log holds.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace dew::store {

struct RocksOptions {
  std::string directory;  // created if absent; held by a lock file against a second process
  Sync sync = Sync::kOn;
};

Result<std::unique_ptr<Store>> open_rocksdb(const RocksOptions& options);

}  // namespace dew::store
