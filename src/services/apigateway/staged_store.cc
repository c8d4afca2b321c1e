#include "services/apigateway/staged_store.h"

#include <algorithm>

namespace dew::apigateway {

namespace {

class Listed final : public store::Cursor {
 public:
  explicit Listed(std::vector<std::pair<std::string, std::string>> entries, Result<void> status)
      : entries_(std::move(entries)), status_(std::move(status)) {}
  bool valid() const override { return at_ < entries_.size(); }
  void next() override { ++at_; }
  std::string_view key() const override { return entries_[at_].first; }
  std::string_view value() const override { return entries_[at_].second; }
  Result<void> status() const override { return status_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
  Result<void> status_;
  size_t at_ = 0;
};

}  // namespace

Result<std::optional<std::string>> StagedStore::get(std::string_view key) const {
  const auto staged = staged_.find(key);
  if (staged != staged_.end()) return staged->second;
  return under_.get(key);
}

std::unique_ptr<store::Cursor> StagedStore::cursor(std::string_view begin, std::string_view end,
                                                   store::Direction direction) const {
  std::map<std::string, std::string, std::less<>> all;
  auto under = under_.cursor(begin, end);
  for (; under->valid(); under->next())
    all.emplace(std::string(under->key()), std::string(under->value()));
  for (auto it = staged_.lower_bound(begin);
       it != staged_.end() && (end.empty() || it->first < end); ++it) {
    if (it->second) {
      all[it->first] = *it->second;
    } else {
      all.erase(it->first);
    }
  }
  std::vector<std::pair<std::string, std::string>> entries(all.begin(), all.end());
  if (direction == store::Direction::kBackward) std::ranges::reverse(entries);
  return std::make_unique<Listed>(std::move(entries), under->status());
}

Result<store::Sequence> StagedStore::commit(const store::Batch& batch) {
  using Kind = store::Batch::Kind;
  for (const auto& change : batch.changes()) {
    if (change.kind == Kind::kPut) {
      staged_[change.key] = change.value;
    } else if (change.kind == Kind::kErase) {
      staged_[change.key] = std::nullopt;
    } else {
      auto gone = cursor(change.key, change.value);
      for (; gone->valid(); gone->next()) staged_[std::string(gone->key())] = std::nullopt;
      CHECK_OK(gone->status());
    }
  }
  return store::Sequence{0};
}

store::Batch StagedStore::changes() const {
  store::Batch out;
  for (const auto& [key, value] : staged_) {
    if (value) {
      out.put(key, *value);
    } else {
      out.erase(key);
    }
  }
  return out;
}

}  // namespace dew::apigateway
