#include "store/store.h"

#include <algorithm>
#include <utility>

namespace dew::store {

namespace {
thread_local Sequence last_commit = 0;
}

Sequence Store::take_last_commit() { return std::exchange(last_commit, 0); }
void Store::note_commit(Sequence sequence) { last_commit = std::max(last_commit, sequence); }

}  // namespace dew::store
