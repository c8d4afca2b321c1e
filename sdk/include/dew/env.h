// The function's environment variables.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dew {

std::optional<std::string> env(const char* name);  // nothing when unset or empty
std::string env_or(const char* name, std::string_view fallback);
std::string env_required(const char* name);  // throws, naming the variable

// True when APP_ENV, or else STAGE, is `development`: the only place where an answer may carry
// internals.
bool is_development();

}  // namespace dew
