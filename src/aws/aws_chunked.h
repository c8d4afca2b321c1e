// The aws-chunked content coding, in which SDKs stream bodies to S3: chunks with a size in hex and
// optionally a signature each, then trailers (checksums).
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
//
//   5;chunk-signature=ad80...\r\n hello \r\n 0;chunk-signature=b681...\r\n
//   x-amz-checksum-crc32:...\r\n \r\n
//
// Chunk signatures are not verified in this version. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "net/http.h"

namespace dew::aws {

inline constexpr size_t kMaxTrailers = 32;

bool is_aws_chunked(const http::Request& request);

struct Decoded {
  std::string body;
  http::Headers trailers;
};
ApiResult<Decoded> decode_aws_chunked(std::string_view framed);

// Decodes the body in place, moves the trailers to the headers, checks x-amz-decoded-content-length
// and takes aws-chunked out of Content-Encoding.
ApiResult<void> unframe(http::Request& request);

}  // namespace dew::aws
