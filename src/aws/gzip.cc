#include "aws/gzip.h"

#include <zlib.h>

#include <array>

namespace dew::aws {

namespace {
constexpr int kGzipWindow = 15 + 16;
constexpr size_t kBlock = size_t{64} * 1024;
}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

Result<std::string> gunzip(std::string_view bytes, size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK)
    return fail(ErrorKind::kInternal, "zlib did not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, kBlock> block;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = block.size();
    status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) break;
    out.append(block.data(), block.size() - stream.avail_out);
    if (out.size() > limit) {
      inflateEnd(&stream);
      return fail(ErrorKind::kInvalid, "the body is too large once decompressed");
    }
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return fail(ErrorKind::kInvalid, "the body is not valid gzip");
  return out;
}

bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    const size_t comma = header.find(',');
    std::string_view part = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
    while (part.starts_with(' ')) part.remove_prefix(1);
    const size_t end = part.find_first_of("; ");
    if (part.substr(0, end) != "gzip") continue;
    return part.find("q=0") == std::string_view::npos ||
           part.find("q=0.") != std::string_view::npos;
  }
  return false;
}

uint32_t crc32_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace dew::aws
