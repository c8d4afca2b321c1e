// Whatever the archive: nothing is written outside the directory, and no link or device inside it.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "services/lambda/zip.h"

namespace fs = std::filesystem;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fs::path outer = [] {
    const char* base = std::getenv("TMPDIR");
    fs::path path = fs::path(base != nullptr ? base : "/tmp") /
                    ("dew-zip-fuzz-" + std::to_string(static_cast<long>(::getpid())));
    fs::create_directories(path);
    return path;
  }();
  const fs::path inner = outer / "a" / "b";
  fs::create_directories(inner);
  (void)dew::lambda::unzip({reinterpret_cast<const char*>(data), size}, inner.string());
  for (const auto& entry : fs::directory_iterator(outer)) {
    if (entry.path().filename() != "a") std::abort();
  }
  for (const auto& entry : fs::directory_iterator(outer / "a")) {
    if (entry.path().filename() != "b") std::abort();
  }
  for (const auto& entry : fs::recursive_directory_iterator(inner)) {
    const auto type = entry.symlink_status().type();
    if (type != fs::file_type::regular && type != fs::file_type::directory) std::abort();
  }
  fs::remove_all(outer / "a");
  return 0;
}
