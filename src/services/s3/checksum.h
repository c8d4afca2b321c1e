// The checksums that S3 clients send and ask for.
// docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
//
// Pure functions, thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "json/json.h"
#include "net/http.h"

namespace dew::s3 {

struct Algorithm {
  std::string_view name;  // as the API spells it; its members are Checksum… and x-amz-checksum-…
  DigestKind kind;
};
inline constexpr std::array<Algorithm, 5> kAlgorithms = {{{"CRC32", DigestKind::kCrc32},
                                                          {"CRC32C", DigestKind::kCrc32c},
                                                          {"CRC64NVME", DigestKind::kCrc64Nvme},
                                                          {"SHA1", DigestKind::kSha1},
                                                          {"SHA256", DigestKind::kSha256}}};
// What S3 computes where a client asks for nothing.
inline constexpr std::string_view kDefaultAlgorithm = "CRC64NVME";

const Algorithm* find_algorithm(std::string_view name);

// Base64 of the checksum, big-endian; nullopt: no such algorithm.
std::optional<std::string> checksum(std::string_view algorithm, std::string_view bytes);

// The algorithms that an upload names: by a checksum, by asking for one, or by announcing a
// trailer. The default where it names none.
std::vector<std::string_view> wanted_algorithms(const http::Request& head);
std::vector<std::string_view> wanted_algorithms(const json::Object& input);

}  // namespace dew::s3
