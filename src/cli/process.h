// Programs that the command line runs for its user: build commands and `dew exec`'s.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace dew::cli {

using Environment = std::vector<std::pair<std::string, std::string>>;  // beside our own

struct RunOptions {
  std::string directory;  // empty: ours
  Environment environment;
  int output_fd = -1;  // where its standard output goes; -1: ours
};

// Runs to its end, with our standard input, output and error. Returns its exit status; 128 + n when
// signal n ended it; an error when it could not be started (127 in a shell). SIGINT and SIGTERM
// that reach us meanwhile are handed on to it.
Result<int> run_program(const std::vector<std::string>& command, const RunOptions& options = {});
Result<int> run_shell(const std::string& command, const RunOptions& options = {});

}  // namespace dew::cli
