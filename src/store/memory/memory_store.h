// store::Store in memory, for tests: every commit is durable at once and gone with the process.
#pragma once

#include <memory>

#include "store/store.h"

namespace dew::store {

std::unique_ptr<Store> make_memory_store();

}  // namespace dew::store
