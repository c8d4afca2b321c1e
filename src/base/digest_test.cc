#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace dew {
namespace {

// The check values of the CRC catalogue (reveng.sourceforge.io/crc-catalogue), RFC 1321 and RFC
// 6234.
TEST(Digest, GivesTheStandardsCheckValues) {
  constexpr std::string_view kCheck = "123456789";
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc32, kCheck)), "cbf43926");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc32c, kCheck)), "e3069283");
  EXPECT_EQ(hex_encode(digest(DigestKind::kCrc64Nvme, kCheck)), "ae8b14860a799888");
  EXPECT_EQ(hex_encode(digest(DigestKind::kMd5, "abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_encode(digest(DigestKind::kSha1, "abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(digest(DigestKind::kSha256, "abc"), sha256("abc"));
}

TEST(Digest, DoesNotCareHowTheBytesAreCut) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7);
  for (const auto kind : {DigestKind::kCrc32, DigestKind::kCrc32c, DigestKind::kCrc64Nvme,
                          DigestKind::kMd5, DigestKind::kSha1, DigestKind::kSha256}) {
    const auto whole = digest(kind, bytes);
    Digest pieces(kind);
    for (size_t at = 0, size = 1; at < bytes.size(); at += size, size = size % 13 + 1)
      pieces.update(std::string_view(bytes).substr(at, size));
    EXPECT_EQ(pieces.finish(), whole);
    pieces.update(bytes);  // it begins anew
    EXPECT_EQ(pieces.finish(), whole);
  }
}

}  // namespace
}  // namespace dew
