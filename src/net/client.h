// The HTTP/1.1 client of the command line and of services that call out. Plain http:// always;
// https:// with the system's trust store. Blocking: never from an io thread.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/limits.h"
#include "base/result.h"
#include "net/http.h"

namespace dew::net {

struct Url {
  std::string scheme;  // http or https
  std::string host;
  uint16_t port = 0;
  std::string target;  // path and query, at least "/"

  static Result<Url> parse(std::string_view text);
};

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds timeout{60'000};  // for the whole exchange
  size_t body_bytes = limits::kServiceBodyBytes;
  // Set by somebody else, it ends what is waited for; outlives the client. null: never.
  const std::atomic<bool>* stopped = nullptr;
};

// One connection at a time to one origin, kept alive between calls; reconnects as needed. Not
// thread-safe.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  // `request.target` is ignored in favour of the URL's; Host and Content-Length are added when
  // absent.
  Result<http::Response> send(const Url& url, const http::Request& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::net
