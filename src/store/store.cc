#include "store/store.h"

#include <algorithm>
#include <utility>

namespace dew::store {

namespace {
thread_local Sequence last_commit = 0;
}

Sequence Store::take_last_commit() { return std::exchange(last_commit, 0); }
void Store::note_commit(Sequence sequence) { last_commit = std::max(last_commit, sequence); }

Result<void> Store::check_batch(const Batch& batch) {
  size_t bytes = 0;
  for (const auto& change : batch.changes()) {
    if (change.key.size() > kMaxKeyBytes)
      return fail(ErrorKind::kInvalid, "a key is longer than the store takes");
    bytes += change.key.size() + change.value.size();
  }
  if (bytes > kMaxBatchBytes)
    return fail(ErrorKind::kInvalid, "a batch is larger than the store takes");
  return {};
}

}  // namespace dew::store
