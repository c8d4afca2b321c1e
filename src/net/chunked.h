// Removes the chunked transfer coding (RFC 9112 section 7.1). Pure and incremental; strict about
// line ends, for the reason given in net/head.h. Chunk extensions and trailer fields are checked,
// bounded and dropped.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "net/head.h"

namespace dew::net {

inline constexpr size_t kMaxChunkLineBytes = 256;  // a size with its extensions
inline constexpr size_t kMaxTrailerBytes = 8 * 1024;

class ChunkedDecoder {
 public:
  // Reads from the front of `in`, appends to `body`, and returns how many bytes it took: all of
  // them, unless the message ended. 413 when `body` would exceed `limit`.
  std::expected<size_t, ProtocolError> feed(std::string_view in, std::string& body, uint64_t limit);
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer, kDone };
  // A whole line without its CRLF in line_, or false when more bytes are needed.
  std::expected<bool, ProtocolError> take_line(std::string_view& in, size_t limit,
                                               ProtocolError too_long);
  std::expected<void, ProtocolError> read_size();

  State state_ = State::kSize;
  uint64_t left_ = 0;  // of the current chunk
  size_t trailer_bytes_ = 0;
  std::string line_;
  bool line_whole_ = false;
};

}  // namespace dew::net
