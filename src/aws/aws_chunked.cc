#include "aws/aws_chunked.h"

#include <charconv>

namespace dew::aws {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::unexpected<ApiError> incomplete() {
  return fail("IncompleteBody", "The request body terminated unexpectedly", 400);
}

// The line before the next CRLF, which is consumed; nullopt when there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

ApiResult<void> take_trailers(std::string_view rest, http::Headers& out) {
  while (!rest.empty()) {
    // Some clients end a trailer line with a bare LF, and the last one with nothing.
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || out.size() >= kMaxTrailers) {
      return fail("MalformedTrailerError",
                  "The request contained trailing data that was not well-formed", 400);
    }
    out.add(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return {};
}

}  // namespace

bool is_aws_chunked(const http::Request& request) {
  return request.headers.get("x-amz-content-sha256").starts_with("STREAMING-") ||
         request.headers.get("content-encoding").find("aws-chunked") != std::string_view::npos;
}

ApiResult<Decoded> decode_aws_chunked(std::string_view rest) {
  Decoded out;
  while (true) {
    const auto line = take_line(rest);
    if (!line) return incomplete();
    const std::string_view digits = line->substr(0, line->find(';'));
    size_t size = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return incomplete();
    if (size == 0) break;
    if (rest.size() < 2 || size > rest.size() - 2 || rest.substr(size, 2) != "\r\n")
      return incomplete();
    out.body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  CHECK_OK(take_trailers(rest, out.trailers));
  return out;
}

ApiResult<void> unframe(http::Request& request) {
  TRY(auto decoded, decode_aws_chunked(request.body));
  if (const auto length = request.headers.get("x-amz-decoded-content-length"); !length.empty()) {
    size_t expected = 0;
    const auto [end, error] =
        std::from_chars(length.data(), length.data() + length.size(), expected);
    if (error != std::errc() || end != length.data() + length.size() ||
        expected != decoded.body.size()) {
      return incomplete();
    }
  }
  request.body = std::move(decoded.body);
  for (const auto& trailer : decoded.trailers) request.headers.set(trailer.name, trailer.value);

  std::string kept;
  std::string_view rest = request.headers.get("content-encoding");
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view coding = trim(rest.substr(0, comma));
    if (!coding.empty() && coding != "aws-chunked")
      kept += (kept.empty() ? "" : ",") + std::string(coding);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  if (kept.empty()) {
    request.headers.erase("content-encoding");
  } else {
    request.headers.set("content-encoding", kept);
  }
  return {};
}

}  // namespace dew::aws
