// A small blocking HTTP/1.1 client with keep-alive: plain or TLS (certificates verified;
// AWS_CA_BUNDLE replaces the system's). One connection per client, opened again when the endpoint
// changes or the peer closed it. One thread at a time.
#pragma once

#include <dew/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew::http {

struct Timeouts {
  std::chrono::milliseconds connect{1000};
  std::chrono::milliseconds io{5000};  // for each write and each read
};

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;
  uint16_t port = 0;
  std::string target;  // path and query, at least "/"

  static Result<Url> parse(std::string_view text);
  // As in the Host header: without the scheme's default port.
  [[nodiscard]] std::string authority() const;
};

struct Request {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::vector<std::pair<std::string_view, std::string_view>>
      headers;  // Host and Content-Length are added
  std::string_view body{};
};

struct Response {
  int status = 0;
  std::vector<std::pair<std::string_view, std::string_view>> headers{};
  std::string_view body{};  // the views live until the client's next request

  [[nodiscard]] std::string_view header(std::string_view name) const;  // empty when absent
};

class Client {
 public:
  explicit Client(Timeouts timeouts = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // One exchange. A kept connection that turns out closed before the first byte of the answer is
  // opened again, once. Error codes: Timeout, ConnectionError, ConnectionClosed, BadResponse,
  // TlsError.
  Result<Response> send(const Url& endpoint, const Request& request);
  void set_timeouts(Timeouts timeouts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dew::http
