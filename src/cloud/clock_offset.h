// The cloud clock's offset: durable, and said wherever somebody could wonder. docs/formats/keys.md
// and docs/decisions/0006-one-clock.md.
#pragma once

#include <chrono>
#include <string>

#include "base/movable_clock.h"
#include "store/store.h"

namespace dew::cloud {

// Zero when the clock was never moved.
std::chrono::microseconds load_clock_offset(const store::Store& store);
// Durable when it returns. Blocks.
Result<void> save_clock_offset(store::Store& store, std::chrono::microseconds offset);

// "1d 2h 3m 4s"
std::string duration_text(std::chrono::microseconds duration);
// A sentence; empty when the clock is the machine's.
std::string clock_notice(const WaitableClock& clock);

}  // namespace dew::cloud
