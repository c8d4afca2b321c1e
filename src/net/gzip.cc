#include "net/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "net/http.h"

namespace dew::http {

namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window; 16 asks zlib for the gzip wrapper
constexpr size_t kFirstOutputBytes = 16 * 1024;

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::expected<std::string, GunzipError> gunzip(std::string_view bytes, size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return std::unexpected(GunzipError::kMalformed);
  struct End {
    z_stream& stream;
    ~End() { inflateEnd(&stream); }
  } end{stream};
  std::string out;
  size_t have = 0;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  while (true) {
    // One byte beyond the limit is enough to know that it is exceeded.
    if (have == out.size()) {
      if (have > limit) return std::unexpected(GunzipError::kTooLarge);
      out.resize(std::min(limit + 1, std::max(kFirstOutputBytes, have * 2)));
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
    stream.avail_out = static_cast<uInt>(out.size() - have);
    const int status = inflate(&stream, Z_NO_FLUSH);
    have = out.size() - stream.avail_out;
    if (status == Z_STREAM_END) {
      if (have > limit) return std::unexpected(GunzipError::kTooLarge);
      if (stream.avail_in == 0) break;
      if (inflateReset(&stream) != Z_OK)
        return std::unexpected(GunzipError::kMalformed);  // the next member
    } else if (status != Z_OK && !(status == Z_BUF_ERROR && stream.avail_out == 0)) {
      return std::unexpected(GunzipError::kMalformed);
    } else if (stream.avail_in == 0 && stream.avail_out != 0) {
      return std::unexpected(GunzipError::kMalformed);  // cut short
    }
  }
  out.resize(have);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const size_t comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    const size_t semicolon = item.find(';');
    const std::string_view coding = trim(item.substr(0, semicolon));
    if (iequals(coding, "gzip") || coding == "*") {
      if (semicolon == std::string_view::npos) return true;
      const std::string_view weight = trim(item.substr(semicolon + 1));
      // q=0, q=0.0 and so on refuse; anything else accepts.
      return !(weight.starts_with("q=0") &&
               weight.find_first_not_of("0.", 2) == std::string_view::npos);
    }
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size()
                                                                  : comma + 1);
  }
  return false;
}

}  // namespace dew::http
