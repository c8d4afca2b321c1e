// Zip files for Lambda. Deterministic: the same files give the same bytes, whatever their times and
// owners.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace dew::serverless {

struct ZipEntry {
  std::string name;  // in the archive, with /
  std::string path;  // on disk
  bool executable = false;
};

// Writes `path` anew, through a temporary file beside it. Entries in the order given.
Result<void> write_zip(const std::string& path, const std::vector<ZipEntry>& entries);

}  // namespace dew::serverless
