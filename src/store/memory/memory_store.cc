#include "store/memory/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace dew::store {

namespace {

using Map = std::map<std::string, std::string, std::less<>>;

// A cursor's own copy of its range: simple, and consistent whatever is committed meanwhile.
class CopyCursor final : public Cursor {
 public:
  explicit CopyCursor(std::vector<std::pair<std::string, std::string>> rows)
      : rows_(std::move(rows)) {}
  bool valid() const override { return at_ < rows_.size(); }
  void next() override { ++at_; }
  std::string_view key() const override { return rows_[at_].first; }
  std::string_view value() const override { return rows_[at_].second; }
  Result<void> status() const override { return {}; }

 private:
  std::vector<std::pair<std::string, std::string>> rows_;
  size_t at_ = 0;
};

class MemoryStore final : public Store {
 public:
  Result<std::optional<std::string>> get(std::string_view key) const override {
    std::lock_guard lock(mutex_);
    const auto it = map_.find(key);
    if (it == map_.end()) return std::nullopt;
    return it->second;
  }

  std::unique_ptr<Cursor> cursor(std::string_view begin, std::string_view end,
                                 Direction direction) const override {
    std::vector<std::pair<std::string, std::string>> rows;
    {
      std::lock_guard lock(mutex_);
      const auto stop = end.empty() ? map_.end() : map_.lower_bound(end);
      for (auto it = map_.lower_bound(begin); it != stop && it != map_.end(); ++it)
        rows.emplace_back(*it);
    }
    if (direction == Direction::kBackward) std::reverse(rows.begin(), rows.end());
    return std::make_unique<CopyCursor>(std::move(rows));
  }

  Result<Sequence> commit(const Batch& batch) override {
    if (auto ok = check_batch(batch); !ok) return std::unexpected(ok.error());
    std::lock_guard lock(mutex_);
    for (const auto& change : batch.changes()) {
      switch (change.kind) {
        case Batch::Kind::kPut:
          map_.insert_or_assign(change.key, change.value);
          break;
        case Batch::Kind::kErase:
          map_.erase(change.key);
          break;
        case Batch::Kind::kEraseRange:
          map_.erase(map_.lower_bound(change.key),
                     change.value.empty() ? map_.end()
                                          : map_.lower_bound(std::max(change.key, change.value)));
          break;
      }
    }
    note_commit(++sequence_);
    return sequence_;
  }

  bool durable(Sequence) const override { return true; }
  void when_durable(Sequence, std::move_only_function<void(Result<void>)> done) override {
    done({});
  }

 private:
  mutable std::mutex mutex_;
  Map map_;
  Sequence sequence_ = 0;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace dew::store
