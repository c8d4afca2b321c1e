// Any bytes, as a server would read them: the head is found, parsed, and its body decoded. Checked
// beside "does not crash":
//  - where the head ends does not depend on how the bytes were cut;
//  - what is accepted, written out again and parsed again, is the same request with the same
//  framing;
//  - Beast's parser, an independent reader, finds the same head end, method and fields: two readers
//  in a row (a proxy and
//    us) cannot be made to disagree, which is what request smuggling needs;
//  - a chunked body gives the same bytes however it is cut, and never more than its limit.
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdlib>

#include "net/chunked.h"
#include "net/head.h"

namespace {

namespace beast = boost::beast;
using dew::net::ChunkedDecoder;

void require(bool ok) {
  if (!ok) std::abort();
}

size_t find_end(std::string_view bytes, size_t step, bool& failed) {
  size_t from = 0;
  for (size_t n = std::min(step, bytes.size());; n = std::min(n + step, bytes.size())) {
    const auto found = dew::net::find_head_end(bytes.substr(0, n), from);
    failed = !found;
    if (failed) return 0;
    if (*found > 0 || n == bytes.size()) return *found;
  }
}

std::string write_again(const dew::net::RequestHead& head) {
  std::string out = head.request.method + " " + head.request.target +
                    (head.framing.http11 ? " HTTP/1.1" : " HTTP/1.0");
  for (const auto& header : head.request.headers) out += "\r\n" + header.name + ": " + header.value;
  return out + "\r\n\r\n";
}

void compare_with_beast(std::string_view bytes, const dew::net::RequestHead& head) {
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(1 << 20);
  parser.body_limit(boost::none);
  parser.eager(false);
  beast::error_code ec;
  const size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  // It is stricter than we are in a few places (bytes above 127 in targets, chunked in 1.1 only):
  // no matter.
  if (ec) return;
  require(parser.is_header_done());
  require(used == bytes.size());
  const auto& message = parser.get();
  require(message.method_string() == head.request.method);
  // An absolute target was reduced, and its authority may have been added as Host.
  if (message.target() == head.request.target) {
    require(static_cast<size_t>(std::distance(message.begin(), message.end())) ==
            head.request.headers.size());
  }
  require(parser.chunked() == head.framing.chunked);
  const auto length = parser.content_length();
  require(length.has_value() == head.framing.content_length.has_value());
  if (length) require(*length == *head.framing.content_length);
}

void decode(std::string_view bytes) {
  constexpr size_t kLimit = 1000;
  std::string whole;
  std::string cut;
  ChunkedDecoder at_once;
  const auto taken = at_once.feed(bytes, whole, kLimit);
  ChunkedDecoder by_byte;
  bool failed = false;
  size_t used = 0;
  while (used < bytes.size() && !by_byte.done() && !failed) {
    const auto one = by_byte.feed(bytes.substr(used, 1), cut, kLimit);
    failed = !one;
    if (one) used += *one;
  }
  require(failed == !taken);
  require(whole.size() <= kLimit && cut.size() <= kLimit);
  if (!failed) {
    require(whole == cut);
    require(used == *taken);
    require(at_once.done() == by_byte.done());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  bool failed = false;
  bool failed_by_byte = false;
  const size_t end = find_end(bytes, size + 1, failed);
  require(find_end(bytes, 1, failed_by_byte) == end && failed == failed_by_byte);
  if (end > 0) {
    require(bytes.substr(0, end).ends_with("\r\n\r\n"));
    (void)dew::net::parse_response_head(bytes.substr(0, end));
    if (const auto head = dew::net::parse_request_head(bytes.substr(0, end))) {
      require(!(head->framing.chunked && head->framing.content_length));
      const auto again = dew::net::parse_request_head(write_again(*head));
      require(again.has_value());
      require(write_again(*again) == write_again(*head));
      require(again->framing.chunked == head->framing.chunked);
      require(again->framing.content_length == head->framing.content_length);
      require(again->framing.keep_alive == head->framing.keep_alive);
      compare_with_beast(bytes.substr(0, end), *head);
    }
  }
  decode(bytes.substr(end));
  return 0;
}
