#include <dew/encoding.h>
#include <dew/http.h>

#include <array>
#include <charconv>

#include "connection.h"
#include "http1.h"
#include "json_text.h"

namespace dew::http {

struct Client::State {
  Timeouts timeouts;
  detail::Endpoint endpoint;
  detail::Connection connection{detail::secure_with_openssl};
  detail::ResponseReader reader;
  detail::ResponseView view;
  std::string head;

  Result<void> exchange(std::string_view body) {
    std::array parts{iovec{head.data(), head.size()},
                     iovec{const_cast<char*>(body.data()), body.size()}};
    if (auto sent = connection.write(parts); !sent) return sent;
    return reader.read_response(connection, view);
  }
};

Result<Url> Url::parse(std::string_view text) {
  Url url;
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos)
    return fail("InvalidUrl", "no scheme in " + std::string(text));
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https")
    return fail("InvalidUrl", "scheme must be http or https: " + std::string(text));
  std::string_view rest = text.substr(colon + 3);
  const size_t slash = rest.find_first_of("/?");
  url.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  if (url.target.starts_with('?')) url.target.insert(0, 1, '/');
  std::string_view authority = rest.substr(0, slash);
  url.port = url.scheme == "https" ? 443 : 80;
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const size_t port = bracket == std::string_view::npos ? bracket : authority.find(':', bracket);
  if (port != std::string_view::npos) {
    const std::string_view digits = authority.substr(port + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
    if (ec != std::errc{} || end != digits.data() + digits.size())
      return fail("InvalidUrl", "bad port in " + std::string(text));
    authority = authority.substr(0, port);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  if (authority.empty() || authority.find_first_of("@ \r\n") != std::string_view::npos) {
    return fail("InvalidUrl", "bad host in " + std::string(text));
  }
  url.host = authority;
  return url;
}

std::string Url::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string out = v6 ? "[" + host + "]" : host;
  if (port != (scheme == "https" ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (iequals(key, name)) return value;
  }
  return {};
}

Client::Client(Timeouts timeouts) : state_(std::make_unique<State>()) {
  state_->timeouts = timeouts;
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

void Client::set_timeouts(Timeouts timeouts) { state_->timeouts = timeouts; }

Result<Response> Client::send(const Url& url, const Request& request) {
  State& state = *state_;
  const detail::Endpoint endpoint{url.host, url.port, url.scheme == "https"};
  if (endpoint != state.endpoint) {
    state.connection.close();
    state.endpoint = endpoint;
  }
  state.head.assign(request.method)
      .append(" ")
      .append(request.target)
      .append(" HTTP/1.1\r\nHost: ")
      .append(url.authority());
  for (const auto& [name, value] : request.headers) {
    if (value.find_first_of("\r\n") != std::string_view::npos)
      return fail("InvalidHeader", std::string(name));
    state.head.append("\r\n").append(name).append(": ").append(value);
  }
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    state.head.append("\r\nContent-Length: ");
    json_text::append_int(state.head, static_cast<int64_t>(request.body.size()));
  }
  state.head.append("\r\n\r\n");
  Result<void> done;
  while (true) {
    const bool reused = state.connection.is_open();
    if (!reused) {
      state.reader.reset();
      if (auto opened = state.connection.open(endpoint, state.timeouts.connect, state.timeouts.io);
          !opened) {
        return std::unexpected(opened.error());
      }
    }
    state.connection.set_io_timeout(state.timeouts.io);
    done = state.exchange(request.body);
    if (done) break;
    state.connection.close();
    // The peer may have closed a kept connection while it was idle: then nothing of this request
    // was answered.
    const std::string& code = done.error().code;
    if (!reused || (code != "ConnectionClosed" && code != "ConnectionError"))
      return std::unexpected(done.error());
  }
  if (!state.view.keep_alive) state.connection.close();
  Response response{.status = state.view.status, .headers = {}, .body = state.view.body};
  response.headers.reserve(state.view.headers.size());
  for (const auto& header : state.view.headers)
    response.headers.emplace_back(header.name, header.value);
  return response;
}

}  // namespace dew::http
