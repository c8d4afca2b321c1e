// The aws-chunked content coding, in which SDKs stream bodies to S3: chunks with a size in hex and,
// if they are signed, a signature each, then trailers (checksums), signed too.
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
//
//   2000;chunk-signature=ad80...\r\n (8192 bytes) \r\n 0;chunk-signature=b681...\r\n
//   x-amz-checksum-crc32:...\r\n x-amz-trailer-signature:...\r\n \r\n
//
// Each chunk's signature covers that of the chunk before it, the first one the request's: chunks
// can be neither changed nor left out nor moved. A chunk's bytes are handed on before its signature
// can be checked, so nothing may be kept of a body unless finish() agrees.
//
// Used by one thread at a time. It holds a line at most, never a chunk.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/sigv4.h"
#include "base/digest.h"
#include "net/http.h"

namespace dew::aws {

inline constexpr size_t kMaxTrailers = 32;
inline constexpr size_t kMaxTrailerBytes = 16 * 1024;
inline constexpr size_t kMaxChunkLineBytes = 1024;
// S3 refuses smaller chunks, the last one aside, where they are signed.
inline constexpr uint64_t kMinSignedChunkBytes = 8192;

class ChunkedReader {
 public:
  // Takes the plain bytes as they come.
  using Emit = std::function<ApiResult<void>(std::string_view)>;

  // `signing`: the chunks' signatures are verified; absent: whatever they say. `trailers`: whether
  // they may come, and if the chunks are signed, are signed as well.
  ChunkedReader(std::optional<ChunkSigning> signing, bool trailers);

  ApiResult<void> feed(std::string_view framed, const Emit& emit);
  // At the body's end. Without error, all of it was there and, where asked, rightly signed.
  ApiResult<void> finish();
  // After finish(); the signature is not among them.
  const http::Headers& trailers() const { return trailers_; }

 private:
  enum class State { kLine, kData, kDataEnd, kTrailers };

  ApiResult<void> begin_chunk();
  ApiResult<void> end_chunk();
  ApiResult<void> read_trailers();

  std::optional<ChunkSigning> signing_;
  bool with_trailers_;
  State state_ = State::kLine;
  std::string line_;  // the chunk's line, or the trailers, as far as they have come
  uint64_t left_ = 0;
  bool small_ = false;  // a chunk was too small to be followed by another
  std::string signature_;
  Digest chunk_{DigestKind::kSha256};
  http::Headers trailers_;
};

}  // namespace dew::aws
