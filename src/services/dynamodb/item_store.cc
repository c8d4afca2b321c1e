#include "services/dynamodb/item_store.h"

#include <algorithm>
#include <functional>
#include <map>

#include "services/dynamodb/item_codec.h"

namespace dew::dynamodb {
namespace {

size_t stripe_of(std::string_view key) { return std::hash<std::string_view>()(key) % kStripes; }

struct Delta {
  int64_t items = 0;
  int64_t bytes = 0;
};

}  // namespace

aws::ApiResult<WriteLatch> ItemStore::latch(std::span<const Target> targets) {
  WriteLatch out;
  std::vector<TableState*> states;
  std::vector<size_t> stripes;
  for (const auto& target : targets) {
    states.push_back(target.table->state.get());
    stripes.push_back(stripe_of(target.key));
  }
  const auto unique = [](auto& values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  };
  unique(states);
  unique(stripes);
  for (auto* state : states) {
    out.gates_.emplace_back(state->gate);
    if (state->dropped)
      return aws::fail("ResourceNotFoundException", "Requested resource not found");
  }
  for (const size_t stripe : stripes) out.stripes_.emplace_back(stripes_[stripe].mutex);
  return out;
}

Result<std::optional<StoredItem>> ItemStore::get(std::string_view key) const {
  TRY(auto bytes, store_.get(key));
  if (!bytes) return std::nullopt;
  StoredItem out;
  TRY(out.size, decode_item_size(*bytes));
  out.bytes = *std::move(bytes);
  return out;
}

Result<void> ItemStore::commit(const WriteLatch& /*latch*/, std::span<const ItemChange> changes) {
  store::Batch batch;
  std::map<std::pair<const Table*, size_t>, Delta> deltas;
  for (const auto& change : changes) {
    if (change.item) {
      batch.put(change.key, change.item->bytes);
    } else {
      batch.erase(change.key);
    }
    auto& delta = deltas[{change.table, stripe_of(change.key)}];
    delta.items += (change.item ? 1 : 0) - (change.old_size ? 1 : 0);
    delta.bytes += static_cast<int64_t>(change.item ? change.item->size : 0) -
                   static_cast<int64_t>(change.old_size.value_or(0));
  }
  for (const auto& [part_of, delta] : deltas) {
    if (delta.items == 0 && delta.bytes == 0) continue;
    const auto& [table, stripe] = part_of;
    const auto& part = table->state->parts[stripe];
    batch.put(figures_key(table->definition.number, stripe),
              store_figures(part.items.load(std::memory_order_relaxed) + delta.items,
                            part.bytes.load(std::memory_order_relaxed) + delta.bytes));
  }
  if (batch.empty()) return {};
  if (const auto committed = store_.commit_lazily(batch); !committed)
    return std::unexpected(committed.error());
  for (const auto& [part_of, delta] : deltas) {
    auto& part = part_of.first->state->parts[part_of.second];
    part.items.fetch_add(delta.items, std::memory_order_relaxed);
    part.bytes.fetch_add(delta.bytes, std::memory_order_relaxed);
  }
  return {};
}

}  // namespace dew::dynamodb
