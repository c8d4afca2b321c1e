#include "services/s3/checksum.h"

#include <boost/crc.hpp>

#include <charconv>

#include "base/encoding.h"

namespace dew::s3 {

namespace {

constexpr size_t kMaxTrailers = 16;
constexpr size_t kMaxLineBytes = 4096;

std::string big_endian(uint32_t value) {
  std::string out(4, '\0');
  for (int i = 0; i < 4; ++i)
    out[static_cast<size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
  return out;
}

// The next line without its CRLF.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.substr(0, kMaxLineBytes).find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

}  // namespace

std::optional<std::string> checksum(std::string_view algorithm, std::string_view bytes) {
  if (algorithm == "CRC32") {
    boost::crc_32_type crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return base64_encode(big_endian(crc.checksum()));
  }
  if (algorithm == "CRC32C") {
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return base64_encode(big_endian(crc.checksum()));
  }
  if (algorithm == "SHA1") return base64_encode(sha1(bytes));
  if (algorithm == "SHA256") return base64_encode(sha256(bytes));
  return std::nullopt;
}

Result<Chunked> decode_aws_chunked(std::string_view framed) {
  Chunked out;
  out.body.reserve(framed.size());
  while (true) {
    const auto line = take_line(framed);
    if (!line) return malformed("a chunk's size is missing");
    const auto digits = line->substr(0, line->find(';'));
    uint64_t size = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (error != std::errc{} || digits.empty() || end != digits.data() + digits.size()) {
      return malformed("a chunk's size is malformed");
    }
    if (size == 0) break;
    if (size > framed.size() || framed.size() - size < 2) return malformed("a chunk is cut short");
    out.body += framed.substr(0, size);
    if (framed.substr(size, 2) != "\r\n") return malformed("a chunk does not end where it should");
    framed.remove_prefix(size + 2);
  }
  while (!framed.empty()) {
    const auto line = take_line(framed);
    if (!line) return malformed("a trailer is cut short");
    if (line->empty()) break;
    const auto colon = line->find(':');
    if (colon == std::string_view::npos || out.trailers.size() >= kMaxTrailers) {
      return malformed("a trailer is malformed");
    }
    auto value = line->substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    out.trailers.add(line->substr(0, colon), value);
  }
  return out;
}

}  // namespace dew::s3
