// ItemStore: items by key, with the latches that make a read-modify-write of an item atomic.
//
// A writer takes a WriteLatch for the keys it will change (all at once, in stripe order, so that
// there is no deadlock), reads, decides, and commits all its changes as one batch together with the
// table's figures. Readers take no latch: they see the store's last committed state, so every read
// is strongly consistent. Thread-safe.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "services/dynamodb/tables.h"
#include "services/dynamodb/value.h"
#include "store/store.h"

namespace dew::dynamodb {

// A stored item: its bytes (item_codec.h) and its size by AWS's rules.
struct StoredItem {
  std::string bytes;
  size_t size = 0;
};

struct ItemChange {
  const Table* table = nullptr;
  std::string key;
  std::optional<StoredItem> item;  // nullopt: erase
  std::optional<size_t> old_size;  // of the item that is there now; nullopt: none
};

class WriteLatch {
 public:
  WriteLatch(WriteLatch&&) = default;

 private:
  friend class ItemStore;
  WriteLatch() = default;
  std::vector<std::shared_lock<std::shared_mutex>> gates_;
  std::vector<std::unique_lock<std::mutex>> stripes_;
};

class ItemStore {
 public:
  explicit ItemStore(store::Store& store) : store_(store) {}

  struct Target {
    TablePtr table;
    std::string_view key;
  };
  // Waits for other writers of the same items. ResourceNotFoundException when a table is gone by
  // now.
  aws::ApiResult<WriteLatch> latch(std::span<const Target> targets);
  aws::ApiResult<WriteLatch> latch(const TablePtr& table, std::string_view key) {
    const Target target{table, key};
    return latch(std::span(&target, 1));
  }

  Result<std::optional<StoredItem>> get(std::string_view key) const;

  // With the latch of every changed key held.
  Result<void> commit(const WriteLatch& latch, std::span<const ItemChange> changes);

  store::Store& store() const { return store_; }

 private:
  struct alignas(64) Stripe {
    std::mutex mutex;
  };

  store::Store& store_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace dew::dynamodb
