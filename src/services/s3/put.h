// What PutObject, CopyObject and CompleteMultipartUpload have in common: a record becomes the
// newest version of its key.
#pragma once

#include "services/s3/versions.h"

namespace dew::s3 {

// Whether the multipart upload that the input names must still be there: two that complete it at
// once are not to succeed both.
enum class UploadId { kNone, kMustExist };

// If the bucket still exists and the input's If-Match and If-None-Match hold. The record's body is
// removed where it does not come to that. `also` is committed with it.
ApiResult<void> put_record(State& state, const json::Object& input, json::Object& record,
                           Change also = {}, UploadId upload = UploadId::kNone);

// ETag, checksums, encryption and version, as all three answer them.
json::Object upload_result(const json::Object& record);

}  // namespace dew::s3
