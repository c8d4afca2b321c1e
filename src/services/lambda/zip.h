// Unpacks a deployment archive into a directory.
//
// The archive is hostile: names that lead out of the directory, links, devices, encrypted entries
// and more than kMaxUnzippedBytes or kMaxEntries are refused before anything is kept.
// Executable bits are kept; everything is made readable to all, since functions run as a user of
// their own. Blocking.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dew::lambda {

// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
inline constexpr size_t kMaxUnzippedBytes = 262'144'000;
inline constexpr size_t kMaxZippedBytes = 52'428'800;  // uploaded directly; from S3: unzipped limit
inline constexpr size_t kMaxEntries = 100'000;

enum class ZipProblem { kNotAnArchive, kTooLarge, kUnsafe, kIo };
struct ZipError {
  ZipProblem problem;
  std::string message;
};

std::expected<void, ZipError> unzip(std::string_view archive, const std::string& directory,
                                    size_t most_bytes = kMaxUnzippedBytes);

// Whether an entry's name stays below the directory it is unpacked into: relative, no "..", no
// empty or absurdly long part, no NUL or backslash.
bool is_safe_entry_name(std::string_view name);

}  // namespace dew::lambda
