// Tables: the catalogue of all tables, in memory and in the store.
//
// A Table is an immutable snapshot of a definition plus the state that all snapshots of the same
// table share. Operations hold a TablePtr; a change of the definition puts a new snapshot into the
// catalogue. Thread-safe. Invariant: the catalogue in memory equals the store; every change is
// committed first.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "base/guarded.h"
#include "services/dynamodb/table_definition.h"
#include "store/store.h"

namespace dew::dynamodb {

// Items are latched by stripes: a writer of an item holds the stripe that the item's key falls
// into. Stored figures are numbered by stripe, so this may grow but never shrink.
inline constexpr size_t kStripes = 64;
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
inline constexpr size_t kMaxTables = 2500;

struct TableState {
  // Writers of items hold it shared; DeleteTable holds it alone, so that nothing is written
  // afterwards.
  std::shared_mutex gate;
  bool dropped = false;  // under the gate

  // Item count and size, in as many parts as there are stripes: a part is changed only with its
  // stripe's latch held, and stored in the same batch as the item, so the sums are exact at all
  // times.
  struct Part {
    std::atomic<int64_t> items{0};
    std::atomic<int64_t> bytes{0};
  };
  std::array<Part, kStripes> parts;
};

struct Table {
  TableDefinition definition;
  std::shared_ptr<TableState> state;

  TableFigures figures() const;
};
using TablePtr = std::shared_ptr<const Table>;

class Tables {
 public:
  explicit Tables(store::Store& store);

  // ResourceNotFoundException in the words of the item operations, or of the table operations.
  enum class Words { kItems, kTables };
  aws::ApiResult<TablePtr> find(std::string_view name, Words words = Words::kItems) const;

  // ResourceInUseException when the name is taken. Gives the table its number.
  aws::ApiResult<TablePtr> create(TableDefinition definition);
  // Replaces the definition by what `change` makes of it.
  aws::ApiResult<TablePtr> update(
      std::string_view name, const std::function<aws::ApiResult<void>(TableDefinition&)>& change);
  // With all its items; returns what it was. `check` may refuse.
  aws::ApiResult<TablePtr> erase(
      std::string_view name,
      const std::function<aws::ApiResult<void>(const TableDefinition&)>& check);

  // Up to `limit` names after `after` (exclusive), in order, and whether there are more.
  struct Names {
    std::vector<std::string> names;
    bool more = false;
  };
  aws::ApiResult<Names> names(std::string_view after, size_t limit) const;

 private:
  struct Catalogue {
    std::map<std::string, TablePtr, std::less<>> tables;
    TableNumber last_number = 0;
    std::optional<Error> broken;  // why the store's tables could not be read
  };

  Result<void> load();
  Result<void> load_parts(const Table& table);

  store::Store& store_;
  std::mutex changes_;  // one change of the catalogue at a time, held across its commit
  Guarded<Catalogue> catalogue_;
};

std::string figures_key(TableNumber table, size_t stripe);
std::string store_figures(int64_t items, int64_t bytes);

}  // namespace dew::dynamodb
