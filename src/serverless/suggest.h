// "Did you mean": the known name nearest to a mistyped one. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dew::serverless {

// The nearest of `known` (edit distance, case ignored), or empty when none is near.
std::string suggest(std::string_view name, const std::vector<std::string>& known);

// " (did you mean 'memorySize'?)" or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace dew::serverless
