// Turns the bytes of an HTTP/1.1 message's head into its parts. Pure: no sockets, no state, no
// limits of its own but those named here; the caller bounds how many bytes it collects.
//
// Strict where two readers could disagree about where a message ends, since that is how requests
// are smuggled (RFC 9112 sections 2.2, 5.2, 6.1-6.3, 11.2): bare CR or LF, NUL, folded lines, white
// space before a colon, more than one Content-Length, any Transfer-Encoding but a single "chunked",
// both of them together, and more than one Host are refused. That is stricter than the parsers of
// general libraries, hence one of our own.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "net/http.h"

namespace dew::net {

inline constexpr size_t kMaxHeaders = 200;
inline constexpr size_t kMaxMethodBytes = 32;

// What a client did wrong: the status to answer with and a sentence for its developer.
struct ProtocolError {
  int status = 400;
  std::string_view message;  // static storage
};

// How the body's end is found, and what becomes of the connection.
struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool expect_continue = false;
  std::optional<uint64_t> content_length;
};

struct RequestHead {
  http::Request request;  // method, target, headers
  Framing framing;
};

struct ResponseHead {
  http::Response response;  // status, headers
  Framing framing;
};

// Looks for the end of a head (the empty line) in `bytes`; `from` is where the last look ended.
// Returns the head's size, or 0 when more bytes are needed (`from` is then moved on). A line feed
// without its carriage return is an error.
std::expected<size_t, ProtocolError> find_head_end(std::string_view bytes, size_t& from);

// `head` ends with its empty line, as find_head_end found it. The target is reduced to origin form
// (RFC 9112 section 3.2.2: an absolute target's authority replaces Host).
std::expected<RequestHead, ProtocolError> parse_request_head(std::string_view head);
std::expected<ResponseHead, ProtocolError> parse_response_head(std::string_view head);

// RFC 9110 sections 5.6.2 and 5.5.
bool is_token(std::string_view text);
bool is_field_value(std::string_view text);

}  // namespace dew::net
