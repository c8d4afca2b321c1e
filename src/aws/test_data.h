// Where the public test data lies: $DEW_TEST_DATA, or ../shared/data beside the sources. Tests
// only.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace dew::aws {

inline std::filesystem::path test_data() {
  if (const char* set = std::getenv("DEW_TEST_DATA")) return set;
  for (std::filesystem::path dir = DEW_SOURCE_DIR; dir.has_relative_path();
       dir = dir.parent_path()) {
    if (std::filesystem::exists(dir / "shared" / "data")) return dir / "shared" / "data";
  }
  return std::filesystem::path(DEW_SOURCE_DIR).parent_path() / "shared" / "data";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace dew::aws
