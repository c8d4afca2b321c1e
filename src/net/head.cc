#include "net/head.h"

#include <array>
#include <charconv>
#include <cstring>

namespace dew::net {

namespace {

using Table = std::array<bool, 256>;

constexpr Table make_token_table() {
  Table table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 32] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr Table make_value_table() {
  Table table{};
  for (int c = 0x20; c < 256; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}

// Anything visible but '#'. Bytes above 127 are let through, since clients send raw UTF-8 paths;
// whoever decodes the path meets the same bytes after an escape anyway.
constexpr Table make_target_table() {
  Table table{};
  for (int c = 0x21; c < 256; ++c) table[c] = c != 0x7f && c != '#';
  return table;
}

constexpr Table make_host_table() {
  Table table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 32] = true;
  for (const char c : std::string_view("-._~!$&'()*+,;=:%[]"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr Table kToken = make_token_table();
constexpr Table kValue = make_value_table();
constexpr Table kTarget = make_target_table();
constexpr Table kHost = make_host_table();

bool all_in(std::string_view text, const Table& table) {
  bool ok = true;
  for (const char c : text) ok &= table[static_cast<unsigned char>(c)];
  return ok;
}

std::unexpected<ProtocolError> bad(std::string_view message, int status = 400) {
  return std::unexpected(ProtocolError{status, message});
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes one line, without its CRLF, off the front of `rest`. A CR inside a line is caught by the
// character tables.
std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

// The header fields that frame a message are seen once, while the list is read.
class FieldReader {
 public:
  FieldReader(Framing& framing, http::Headers& headers) : framing_(framing), headers_(headers) {}

  std::expected<void, ProtocolError> read(std::string_view rest) {
    headers_.reserve(12);
    while (true) {
      const std::string_view line = take_line(rest);
      if (line.empty()) break;
      if (headers_.size() == kMaxHeaders) return bad("Too many header fields", 431);
      if (line.front() == ' ' || line.front() == '\t')
        return bad("Folded header lines are not allowed");
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos) return bad("A header line has no colon");
      const std::string_view name = line.substr(0, colon);
      const std::string_view value = trim(line.substr(colon + 1));
      if (!is_token(name)) return bad("A header name has a character that is not allowed");
      if (!is_field_value(value)) return bad("A header value has a character that is not allowed");
      if (auto ok = notice(name, value); !ok) return ok;
      headers_.add(name, value);
    }
    if (!rest.empty()) return bad("A header line is empty");
    return {};
  }

  int hosts() const { return hosts_; }
  std::string_view host() const { return host_; }

 private:
  std::expected<void, ProtocolError> notice(std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 4:
        if (http::iequals(name, "host")) {
          ++hosts_;
          host_ = value;
        }
        break;
      case 6:
        if (http::iequals(name, "expect")) {
          if (!http::iequals(value, "100-continue"))
            return bad("The expectation cannot be met", 417);
          framing_.expect_continue = true;
        }
        break;
      case 10:
        if (http::iequals(name, "connection")) connection(value);
        break;
      case 14:
        if (http::iequals(name, "content-length")) return content_length(value);
        break;
      case 17:
        if (http::iequals(name, "transfer-encoding")) return transfer_encoding(value);
        break;
      default:
        break;
    }
    return {};
  }

  void connection(std::string_view value) {
    while (!value.empty()) {
      const size_t comma = value.find(',');
      const std::string_view option = trim(value.substr(0, comma));
      if (http::iequals(option, "close")) framing_.keep_alive = false;
      if (http::iequals(option, "keep-alive") && !framing_.http11) framing_.keep_alive = true;
      value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    }
  }

  std::expected<void, ProtocolError> content_length(std::string_view value) {
    if (framing_.content_length) return bad("More than one Content-Length");
    if (framing_.chunked) return bad("Both Content-Length and Transfer-Encoding");
    uint64_t length = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), length);
    // 2^53: far beyond any limit of ours, and safe to add to.
    if (value.empty() || ec != std::errc{} || end != value.data() + value.size() ||
        length > (1ULL << 53)) {
      return bad("Content-Length is not a number");
    }
    framing_.content_length = length;
    return {};
  }

  std::expected<void, ProtocolError> transfer_encoding(std::string_view value) {
    if (framing_.content_length) return bad("Both Content-Length and Transfer-Encoding");
    if (framing_.chunked) return bad("More than one Transfer-Encoding");
    if (!framing_.http11) return bad("Transfer-Encoding is not allowed in HTTP/1.0");
    if (!http::iequals(value, "chunked")) return bad("The transfer coding is not supported", 501);
    framing_.chunked = true;
    return {};
  }

  Framing& framing_;
  http::Headers& headers_;
  int hosts_ = 0;
  std::string_view host_;
};

std::expected<void, ProtocolError> parse_version(std::string_view text, Framing& framing) {
  if (text == "HTTP/1.1") return {};
  if (text == "HTTP/1.0") {
    framing.http11 = framing.keep_alive = false;
    return {};
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() == 8 && text.starts_with("HTTP/") && digit(text[5]) && text[6] == '.' &&
      digit(text[7])) {
    if (text[5] == '1') return {};  // a later minor version is read as 1.1: RFC 9110 section 2.5
    return bad("The HTTP version is not supported", 505);
  }
  return bad("The request line is malformed");
}

// Leaves an origin-form target (or "*"); `authority` is set from an absolute one.
std::expected<void, ProtocolError> reduce_target(std::string_view method, std::string_view target,
                                                 std::string& out, std::string_view& authority) {
  if (method == "CONNECT") return bad("CONNECT is not supported", 501);
  if (target.starts_with('/')) {
    out = target;
    return {};
  }
  if (target == "*" && method == "OPTIONS") {
    out = target;
    return {};
  }
  const size_t mark = target.find("://");
  if (mark == std::string_view::npos) return bad("The request target is malformed");
  const std::string_view scheme = target.substr(0, mark);
  if (!http::iequals(scheme, "http") && !http::iequals(scheme, "https"))
    return bad("The target's scheme is unknown");
  target.remove_prefix(mark + 3);
  const size_t end = target.find_first_of("/?");
  authority = target.substr(0, end);
  if (authority.empty() || !all_in(authority, kHost)) return bad("The target's host is malformed");
  target.remove_prefix(authority.size());
  out = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return {};
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && all_in(text, kToken); }
bool is_field_value(std::string_view text) { return all_in(text, kValue); }

std::expected<size_t, ProtocolError> find_head_end(std::string_view bytes, size_t& from) {
  while (from < bytes.size()) {
    const void* hit = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
    if (hit == nullptr) {
      from = bytes.size();
      return 0;
    }
    const auto at = static_cast<size_t>(static_cast<const char*>(hit) - bytes.data());
    if (at == 0 || bytes[at - 1] != '\r') return bad("A line ends without a carriage return");
    if (at >= 3 && bytes[at - 2] == '\n') return at + 1;
    from = at + 1;
  }
  return 0;
}

std::expected<RequestHead, ProtocolError> parse_request_head(std::string_view head) {
  std::expected<RequestHead, ProtocolError> out;
  const std::string_view line = take_line(head);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("The request line is malformed");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(method) || method.size() > kMaxMethodBytes) return bad("The method is malformed");
  if (target.empty() || !all_in(target, kTarget)) return bad("The request target is malformed");
  Framing& framing = out->framing;
  if (auto ok = parse_version(line.substr(last + 1), framing); !ok)
    return std::unexpected(ok.error());
  http::Request& request = out->request;
  request.method = method;
  std::string_view authority;
  if (auto ok = reduce_target(method, target, request.target, authority); !ok)
    return std::unexpected(ok.error());

  FieldReader fields(framing, request.headers);
  if (auto ok = fields.read(head); !ok) return std::unexpected(ok.error());
  if (fields.hosts() > 1) return bad("More than one Host");
  if (fields.hosts() == 0 && framing.http11) return bad("Host is missing");
  if (!all_in(fields.host(), kHost)) return bad("Host is malformed");
  if (!authority.empty()) {
    // The Host that an absolute target adds counts like one that was sent.
    if (fields.hosts() == 0 && request.headers.size() == kMaxHeaders)
      return bad("Too many header fields", 431);
    request.headers.set("Host", authority);
  }
  if (!framing.http11) framing.expect_continue = false;  // RFC 9110 section 10.1.1
  return out;
}

std::expected<ResponseHead, ProtocolError> parse_response_head(std::string_view head) {
  std::expected<ResponseHead, ProtocolError> out;
  const std::string_view line = take_line(head);
  // "HTTP/1.1 200 OK"; the reason may be empty, and its space missing.
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ') ||
      !is_field_value(line)) {
    return bad("The status line is malformed");
  }
  if (auto ok = parse_version(line.substr(0, 8), out->framing); !ok)
    return std::unexpected(ok.error());
  int status = 0;
  const auto [end, ec] = std::from_chars(line.data() + 9, line.data() + 12, status);
  if (ec != std::errc{} || end != line.data() + 12 || status < 100)
    return bad("The status line is malformed");
  out->response.status = status;
  FieldReader fields(out->framing, out->response.headers);
  if (auto ok = fields.read(head); !ok) return std::unexpected(ok.error());
  return out;
}

}  // namespace dew::net
