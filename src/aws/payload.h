// The body of an S3 request, made plain and held against what the request says of it: the
// aws-chunked framing taken off, chunk and trailer signatures verified, the body's SHA-256 compared
// with the one that was signed, the length with the one that was announced.
//
// For bodies that stream and for those that are in memory alike. Used by one thread at a time; what
// was emitted counts only once finish() agrees.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aws/aws_chunked.h"

namespace dew::aws {

class Payload {
 public:
  using Emit = ChunkedReader::Emit;

  // From the head. `signing`: of a request whose signature was verified; without it, chunk
  // signatures are not looked at.
  static ApiResult<Payload> open(const http::Request& head, std::optional<ChunkSigning> signing);

  ApiResult<void> feed(std::string_view bytes, const Emit& emit);
  // Moves the trailers to the headers, and takes aws-chunked out of Content-Encoding.
  ApiResult<void> finish(http::Request& head);

  bool framed() const { return chunks_.has_value(); }
  // The number of plain bytes that the head announces; nullopt where it does not.
  std::optional<uint64_t> announced() const { return announced_; }

 private:
  std::optional<ChunkedReader> chunks_;
  std::optional<Digest> sha256_;
  std::string expected_;  // hex
  std::optional<uint64_t> announced_;
  uint64_t bytes_ = 0;
};

// The same for a body in memory, in place.
ApiResult<void> read_payload(http::Request& request, std::optional<ChunkSigning> signing);

}  // namespace dew::aws
