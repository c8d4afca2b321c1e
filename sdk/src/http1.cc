#include "http1.h"

#include <dew/encoding.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace dew::detail {
namespace {

constexpr size_t kFirstBuffer = 16UL << 10;
constexpr size_t kMaxChunkLine = 256;

Error bad(std::string message) { return Error{"BadResponse", std::move(message), 0, true}; }

// RFC 9110 5.6.2 and 5.5: what a field's name and its value are made of.
struct FieldBytes {
  std::array<bool, 256> token{};
  std::array<bool, 256> value{};
};
constexpr FieldBytes field_bytes() {
  FieldBytes bytes;
  for (size_t i = 0; i < 256; ++i) {
    bytes.token[i] = i > ' ' && i < 0x7f;
    bytes.value[i] = (i >= ' ' && i != 0x7f) || i == '\t';
  }
  for (const char c : std::string_view("()<>@,;:\\\"/[]?={}"))
    bytes.token[static_cast<uint8_t>(c)] = false;
  return bytes;
}
constexpr FieldBytes kFieldBytes = field_bytes();

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kFieldBytes.token[static_cast<uint8_t>(c)];
  });
}

bool is_value(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return kFieldBytes.value[static_cast<uint8_t>(c)]; });
}

std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_number(std::string_view text, uint64_t& out, int base) {
  const char* end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, out, base);
  return ec == std::errc{} && stop == end && !text.empty();
}

bool parse_status_line(std::string_view line, ResponseView& response) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return false;
  if (line[7] != '0' && line[7] != '1') return false;
  if (line.size() > 12 && line[12] != ' ') return false;
  uint64_t status = 0;
  if (!parse_number(line.substr(9, 3), status, 10) || status < 100) return false;
  response.status = static_cast<int>(status);
  response.keep_alive = line[7] == '1';
  return true;
}

bool interpret(const HeaderView& header, ResponseView& response, Head& head, bool& has_length) {
  if (iequals(header.name, "content-length")) {
    uint64_t length = 0;
    if (!parse_number(header.value, length, 10) || (has_length && length != head.content_length))
      return false;
    has_length = true;
    head.content_length = length;
  } else if (iequals(header.name, "transfer-encoding")) {
    if (!iequals(header.value, "chunked") || head.framing == Framing::kChunked) return false;
    head.framing = Framing::kChunked;
  } else if (iequals(header.name, "connection")) {
    if (iequals(header.value, "close")) response.keep_alive = false;
    if (iequals(header.value, "keep-alive")) response.keep_alive = true;
  }
  return true;
}

}  // namespace

std::string_view ResponseView::header(std::string_view name) const {
  for (const HeaderView& each : headers) {
    if (iequals(each.name, name)) return each.value;
  }
  return {};
}

Parse parse_head(std::string_view in, ResponseView& response, Head& head) {
  const size_t end = in.substr(0, kMaxHead).find("\r\n\r\n");
  if (end == std::string_view::npos) return in.size() >= kMaxHead ? Parse::kBad : Parse::kMore;
  response.headers.clear();
  response.body = {};
  head = Head{};
  head.size = end + 4;
  std::string_view rest = in.substr(0, end + 2);
  size_t line_end = rest.find("\r\n");
  if (!parse_status_line(rest.substr(0, line_end), response)) return Parse::kBad;
  rest.remove_prefix(line_end + 2);
  bool has_length = false;
  while (!rest.empty()) {
    line_end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || response.headers.size() == kMaxHeaders)
      return Parse::kBad;
    const HeaderView header{line.substr(0, colon), trim_ows(line.substr(colon + 1))};
    if (!is_token(header.name) || !is_value(header.value)) return Parse::kBad;
    if (!interpret(header, response, head, has_length)) return Parse::kBad;
    response.headers.push_back(header);
  }
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (bodiless) {
    head.framing = Framing::kLength;
    head.content_length = 0;
  } else if (head.framing == Framing::kChunked) {
    // RFC 9112 6.3: Transfer-Encoding wins, and such a connection is not to be trusted further.
    if (has_length) response.keep_alive = false;
  } else if (!has_length) {
    head.framing = Framing::kUntilClose;
    response.keep_alive = false;
  }
  return head.content_length > kMaxBody ? Parse::kBad : Parse::kDone;
}

Parse ChunkDecoder::feed(std::string_view in, size_t& consumed, std::string& out) {
  consumed = 0;
  while (true) {
    const std::string_view rest = in.substr(consumed);
    if (state_ == State::kData) {
      const size_t take = std::min<uint64_t>(left_, rest.size());
      out.append(rest.substr(0, take));
      consumed += take;
      left_ -= take;
      if (left_ > 0) return Parse::kMore;
      state_ = State::kDataEnd;
      continue;
    }
    const size_t line_end = rest.find("\r\n");
    const size_t limit = state_ == State::kTrailer ? kMaxHead : kMaxChunkLine;
    if (line_end == std::string_view::npos) return rest.size() > limit ? Parse::kBad : Parse::kMore;
    std::string_view line = rest.substr(0, line_end);
    consumed += line_end + 2;
    if (state_ == State::kDataEnd) {
      if (!line.empty()) return Parse::kBad;
      state_ = State::kSize;
    } else if (state_ == State::kTrailer) {
      if (line.empty()) return Parse::kDone;
      trailer_ += line.size();
      if (trailer_ > kMaxHead) return Parse::kBad;
    } else {
      line = trim_ows(line.substr(0, line.find(';')));
      if (!parse_number(line, left_, 16) || left_ > kMaxBody - std::min(kMaxBody, out.size()))
        return Parse::kBad;
      state_ = left_ == 0 ? State::kTrailer : State::kData;
    }
  }
}

// Makes room for `want` more bytes and reads what is there.
Result<size_t> ResponseReader::fill(Connection& connection, size_t want) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (capacity_ - end_ < want) {
    const size_t have = end_ - begin_;
    if (capacity_ >= have + want) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, have);
    } else {
      const size_t capacity = std::max({kFirstBuffer, capacity_ * 2, have + want});
      auto larger = std::make_unique_for_overwrite<char[]>(capacity);
      if (have > 0) std::memcpy(larger.get(), buffer_.get() + begin_, have);
      buffer_ = std::move(larger);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = have;
  }
  auto got = connection.read(buffer_.get() + end_, capacity_ - end_);
  if (got) end_ += *got;
  return got;
}

Result<void> ResponseReader::read_response(Connection& connection, ResponseView& out) {
  Head head;
  while (true) {
    const Parse parsed = pending().empty() ? Parse::kMore : parse_head(pending(), out, head);
    if (parsed == Parse::kBad) return std::unexpected(bad("malformed HTTP response head"));
    if (parsed == Parse::kDone) {
      if (out.status == 101) return std::unexpected(bad("unexpected protocol switch"));
      if (out.status >= 200) break;
      begin_ += head.size;
      continue;
    }
    const bool fresh = pending().empty();
    auto got = fill(connection, 4096);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) {
      if (fresh)
        return std::unexpected(
            Error{"ConnectionClosed", "the peer closed the connection", 0, true});
      return std::unexpected(bad("the connection ended within a response head"));
    }
  }
  return read_body(connection, head, out);
}

Result<void> ResponseReader::read_body(Connection& connection, const Head& head,
                                       ResponseView& out) {
  if (head.framing == Framing::kLength) {
    const size_t total = head.size + head.content_length;
    if (pending().size() < total) {
      // The buffer may move: remember the views as offsets, by parsing the head again once all is
      // there.
      while (pending().size() < total) {
        auto got = fill(connection, total - pending().size());
        if (!got) return std::unexpected(got.error());
        if (*got == 0) return std::unexpected(bad("the connection ended within a response body"));
      }
      Head again;
      parse_head(pending(), out, again);
    }
    out.body = pending().substr(head.size, head.content_length);
    begin_ += total;
    return {};
  }
  // The head's views must outlive further reads: keep it in front of the decoded body.
  decoded_.assign(pending().substr(0, head.size));
  begin_ += head.size;
  ChunkDecoder decoder;
  while (true) {
    if (head.framing == Framing::kChunked) {
      size_t consumed = 0;
      const Parse parsed = decoder.feed(pending(), consumed, decoded_);
      begin_ += consumed;
      if (parsed == Parse::kBad) return std::unexpected(bad("malformed chunked body"));
      if (parsed == Parse::kDone) break;
    } else {
      decoded_.append(pending());
      begin_ = end_;
      if (decoded_.size() > kMaxBody) return std::unexpected(bad("response body too large"));
    }
    auto got = fill(connection, 4096);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) {
      if (head.framing == Framing::kUntilClose) break;
      return std::unexpected(bad("the connection ended within a response body"));
    }
  }
  Head again;
  parse_head(decoded_, out, again);
  out.body = std::string_view(decoded_).substr(head.size);
  return {};
}

}  // namespace dew::detail
