#include "services/s3/body_writer.h"

#include "base/encoding.h"
#include "services/s3/checksum.h"

namespace dew::s3 {

BodyWriter::BodyWriter(const std::shared_ptr<Bodies>& bodies,
                       std::vector<std::string_view> algorithms)
    : file_(bodies) {
  for (const auto name : algorithms) {
    if (const auto* found = find_algorithm(name)) digests_.emplace(found->name, found->kind);
  }
}

aws::ApiResult<void> BodyWriter::write(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ > kMaxPutBytes) {
    return aws::fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
  }
  md5_.update(bytes);
  for (auto& [name, digest] : digests_) digest.update(bytes);
  CHECK_OK(file_.write(bytes));
  return {};
}

void BodyWriter::finish() {
  md5_text_ = md5_.finish();
  for (auto& [name, digest] : digests_)
    checksums_[std::string(name)] = base64_encode(digest.finish());
}

}  // namespace dew::s3
