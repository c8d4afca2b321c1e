// An object's or a part's bytes on their way to disk, digested as they come. The registry makes one
// for a body that streams; one in memory goes the same way.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/registry.h"
#include "services/s3/bodies.h"

namespace dew::s3 {

// docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: one request puts 5 GB at most.
inline constexpr uint64_t kMaxPutBytes = 5ULL * 1024 * 1024 * 1024;

class BodyWriter final : public aws::BodyWriter {
 public:
  BodyWriter(const std::shared_ptr<Bodies>& bodies, std::vector<std::string_view> algorithms);

  aws::ApiResult<void> write(std::string_view bytes) override;
  // After the last byte: the digests. Then they are known.
  void finish();

  uint64_t size() const { return size_; }
  const std::string& md5() const { return md5_text_; }                                // raw
  const std::map<std::string, std::string>& checksums() const { return checksums_; }  // base64

  Result<std::string> publish() { return file_.publish(); }

 private:
  BodyFile file_;
  uint64_t size_ = 0;
  Digest md5_{DigestKind::kMd5};
  std::string md5_text_;
  std::map<std::string_view, Digest> digests_;
  std::map<std::string, std::string> checksums_;
};

}  // namespace dew::s3
