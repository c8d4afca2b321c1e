// Digests and checksums of bytes that come in pieces. What S3 clients send and ask for, and what
// signatures are made of. A Digest is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dew {

enum class DigestKind { kCrc32, kCrc32c, kCrc64Nvme, kMd5, kSha1, kSha256 };

class Digest {
 public:
  explicit Digest(DigestKind kind);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  DigestKind kind() const { return kind_; }
  void update(std::string_view bytes);
  // Raw bytes, a CRC's big-endian. Begins anew afterwards.
  std::string finish();

 private:
  struct Openssl;
  DigestKind kind_;
  uint64_t crc_ = 0;
  std::unique_ptr<Openssl> openssl_;  // null for the CRCs
};

std::string digest(DigestKind kind, std::string_view bytes);

}  // namespace dew
