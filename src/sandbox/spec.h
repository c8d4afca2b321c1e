// What to run and within which bounds. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dew::sandbox {

struct Bind {
  std::string source;  // on the host; a directory or a file
  std::string target;  // inside, absolute
};

struct Limits {
  uint64_t memory_bytes = 0;                  // of the whole process tree; 0: none
  uint32_t processes = 1024;                  // threads count
  uint32_t open_files = 1024;                 // per process
  uint64_t tmp_bytes = 512ULL * 1024 * 1024;  // the private /tmp; what is in it counts as memory
};

struct Spec {
  std::vector<std::string> argv;         // argv[0] is the program's absolute path, as seen inside
  std::vector<std::string> environment;  // NAME=value, complete
  std::string working_directory = "/";
  // Read-only inside. Without mount namespaces they do not exist, and the caller uses the sources'
  // own paths.
  std::vector<Bind> binds;
  Limits limits;
};

}  // namespace dew::sandbox
