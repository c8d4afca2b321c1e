// .env files: their syntax (as the npm package dotenv reads it) and $NAME expansion (as
// dotenv-expand does it).
//
// Which files count, most specific first; a name set in the process's environment or in an earlier
// file keeps that value:
//   plugins: serverless-dotenv-plugin   .env.{env}.local, .env.{env}, .env.local (not for env
//   "test"), .env, where
//                                       env is NODE_ENV, else --stage, else "development". Their
//                                       variables also become provider.environment.
//                                       github.com/neverendingqs/serverless-dotenv-plugin
//   useDotenv: true                     .env.{stage}, or else .env; for ${env:} only.
//                                       www.serverless.com/framework/docs/environment-variables
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace dew::serverless {

inline constexpr size_t kDotenvBytes = 1024 * 1024;

using EnvLookup = std::function<std::optional<std::string>(std::string_view name)>;
using EnvPairs =
    std::vector<std::pair<std::string, std::string>>;  // unique names, in order of appearance

// The assignments of one file; never fails, lines that are none are skipped, as dotenv does.
EnvPairs parse_dotenv(std::string_view text);

// Replaces $NAME, ${NAME}, ${NAME:-default} and ${NAME-default} by `outer`'s values, else the
// file's own; \$ is a literal $. A pair whose name `outer` already has takes that value. Depth and
// size are bounded.
void expand_dotenv(EnvPairs& pairs, const EnvLookup& outer);

// Reads the named files (absent ones are skipped) in `directory`, earlier ones winning.
Result<EnvPairs> load_dotenv(const std::string& directory, const std::vector<std::string>& names,
                             const EnvLookup& outer, bool expand = true);

std::vector<std::string> plugin_file_names(std::string_view env);

}  // namespace dew::serverless
