// HTTP/1.1 responses (RFC 9112) over a Connection: parsing by hand, without copying, several in a
// row on one connection (keep-alive and pipelining). Shared by the Runtime API client and the AWS
// clients.
//
// Invariants: a ResponseView is valid until the next read_response of its reader. Limits: kMaxHead,
// kMaxBody, kMaxHeaders.
#pragma once

#include <dew/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"

namespace dew::detail {

inline constexpr size_t kMaxHead = 64UL << 10;
inline constexpr size_t kMaxBody = 64UL << 20;
inline constexpr size_t kMaxHeaders = 128;

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

struct ResponseView {
  int status = 0;
  std::vector<HeaderView> headers;
  std::string_view body;
  bool keep_alive = true;

  [[nodiscard]] std::string_view header(std::string_view name) const;  // empty when absent
};

enum class Framing { kLength, kChunked, kUntilClose };

struct Head {
  Framing framing = Framing::kLength;
  uint64_t content_length = 0;
  size_t size = 0;  // bytes of the head, the empty line included
};

enum class Parse { kDone, kMore, kBad };

// Parses a response head at the start of `in`, into `response` (views into `in`) and `head`.
Parse parse_head(std::string_view in, ResponseView& response, Head& head);

// Takes chunked bytes; appends what they carry. `consumed` bytes of `in` are done with.
class ChunkDecoder {
 public:
  Parse feed(std::string_view in, size_t& consumed, std::string& out);

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer };
  State state_ = State::kSize;
  uint64_t left_ = 0;
  size_t trailer_ = 0;
};

class ResponseReader {
 public:
  void reset() { begin_ = end_ = 0; }
  // Reads one final response (1xx are skipped). Error codes: "Timeout", "ConnectionError",
  // "ConnectionClosed" when the peer closed before the first byte (a stale keep-alive connection),
  // "BadResponse".
  Result<void> read_response(Connection& connection, ResponseView& out);

 private:
  [[nodiscard]] std::string_view pending() const { return {buffer_.get() + begin_, end_ - begin_}; }
  Result<size_t> fill(Connection& connection, size_t want);
  Result<void> read_body(Connection& connection, const Head& head, ResponseView& out);

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string decoded_;
};

}  // namespace dew::detail
