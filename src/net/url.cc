#include <charconv>

#include "net/client.h"
#include "net/head.h"

namespace dew::net {

namespace {

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  // The text may carry credentials in front of an @: the message does not repeat that part.
  const size_t at = text.find('@');
  return fail(ErrorKind::kInvalid,
              fmt::format("{} is not a URL: {}",
                          at == std::string_view::npos ? text : text.substr(at + 1), why));
}

bool is_host_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  Url url;
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos) return bad(text, "http:// or https:// is missing");
  url.scheme = text.substr(0, mark);
  for (char& c : url.scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (url.scheme != "http" && url.scheme != "https")
    return bad(text, "its scheme must be http or https");
  std::string_view rest = text.substr(mark + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t end = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, end);
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos)
    return bad(text, "user names are not supported");

  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad(text, "its host is malformed");
    url.host = authority.substr(0, close + 1);
    if (url.host.find_first_not_of("0123456789abcdefABCDEF:.", 1) != close || close == 1) {
      return bad(text, "its host is malformed");
    }
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return bad(text, "its host is malformed");
    if (!authority.empty()) port = authority.substr(1);
  } else {
    const size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (url.host.empty() || !std::all_of(url.host.begin(), url.host.end(), is_host_char)) {
      return bad(text, "its host is malformed");
    }
    if (colon != std::string_view::npos) port = authority.substr(colon + 1);
  }
  url.port = url.scheme == "https" ? 443 : 80;
  if (!port.empty()) {
    const auto [last, ec] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (ec != std::errc{} || last != port.data() + port.size() || url.port == 0) {
      return bad(text, "its port is not a number from 1 to 65535");
    }
  }
  for (const char c : rest) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      return bad(text, "it has a space or control character");
  }
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

}  // namespace dew::net
