// The checksums that S3 clients send and ask for, and the aws-chunked framing that carries them.
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
//
// Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace dew::s3 {

// Base64 of the checksum, big-endian. `algorithm` is CRC32, CRC32C, SHA1 or SHA256; nullopt:
// another one.
std::optional<std::string> checksum(std::string_view algorithm, std::string_view bytes);

struct Chunked {
  std::string body;
  http::Headers trailers;
};

// SIZE[;chunk-signature=…] CRLF BYTES CRLF … 0[;…] CRLF TRAILERS CRLF. kInvalid when malformed.
Result<Chunked> decode_aws_chunked(std::string_view framed);

}  // namespace dew::s3
