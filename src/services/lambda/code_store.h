// Where deployed code lives: <data>/lambda/code/<sha256 of the archive>/, and the archive itself
// beside it as <sha256>.zip.
//
// Content-addressed: identical archives share one directory, which never changes once it exists (it
// is unpacked aside and renamed). A Code object keeps its directory: environments run from it while
// the function is updated or deleted. What no object holds and no function names is removed by
// collect().
//
// Thread-safe. Blocking.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace dew::lambda {

struct Code {
  std::string id;          // hex SHA-256
  std::string sha256;      // base64, as the API shows it
  std::string path;        // the unpacked directory, absolute
  int64_t size_bytes = 0;  // of the archive; 0 when reopened by id
};
using CodePtr = std::shared_ptr<const Code>;

// Of the files in the unpacked directory. Reads it whole.
uint64_t unpacked_bytes(const Code& code);

class CodeStore {
 public:
  explicit CodeStore(std::string directory) : directory_(std::move(directory)) {}

  aws::ApiResult<CodePtr> add(std::string_view archive);
  CodePtr open(std::string_view id);  // nullptr if it is gone
  // One directory of several, in this order: what a later one has replaces what an earlier one had.
  // A single one is itself; files are shared, not copied, where the file system can. nullptr: one
  // is gone, or the disk refused (which is logged).
  CodePtr merged(const std::vector<std::string>& ids);
  static std::string merged_id(const std::vector<std::string>& ids);
  void collect(const std::set<std::string>& live);

 private:
  CodePtr pin(Code code);
  aws::ApiResult<void> unpack(std::string_view archive, const std::string& target);

  std::string directory_;
  std::mutex mutex_;  // over held_ and over removing
  std::map<std::string, std::weak_ptr<const Code>> held_;
};

}  // namespace dew::lambda
