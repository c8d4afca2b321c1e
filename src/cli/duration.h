// Lengths of time as a person writes them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace dew::cli {

// "90s", "15m", "1h30m", "7d"; seconds where no unit is given. A leading - makes it negative. The
// error is a sentence that names the text.
Result<int64_t> parse_seconds(std::string_view text);

}  // namespace dew::cli
