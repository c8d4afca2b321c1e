// HTTP messages and the narrow interface between the server and whoever answers. No library shows
// here: a file that includes this compiles in a fraction of the time of one that includes Beast.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dew::http {

struct Header {
  std::string name;  // as received or as to be sent; compared without case
  std::string value;
};

// In order of arrival; a name may appear more than once.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : list_(headers) {}

  // The first value of that name; empty view if absent (has() tells absent from empty).
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  void add(std::string_view name, std::string_view value) {
    list_.push_back({std::string(name), std::string(value)});
  }
  void set(std::string_view name, std::string_view value);  // replaces every value of that name
  void erase(std::string_view name);
  void reserve(size_t n) { list_.reserve(n); }

  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }

 private:
  std::vector<Header> list_;
};

bool iequals(std::string_view a, std::string_view b);  // ASCII case folded

struct Request {
  std::string method;  // as sent, e.g. "GET"
  std::string target;  // origin form as sent, still percent-encoded: /path?query
  Headers headers;
  std::string body;  // whole; transfer coding removed, and gzip where the server was told to
  std::string remote_address;
  uint16_t local_port = 0;

  std::string_view path() const;   // before '?'
  std::string_view query() const;  // after '?'; empty if none
  std::string_view host() const;   // the Host header, port removed
};

struct Response {
  int status = 200;
  Headers headers;  // Content-Length, Connection, Date are the server's
  std::string body;

  static Response text(int status, std::string body,
                       std::string_view content_type = "text/plain; charset=utf-8");
  static Response json(int status, std::string body) {
    return text(status, std::move(body), "application/json");
  }
};

// The answer to one request. Call it once, from any thread. Destroyed uncalled, it answers 500.
class Responder {
 public:
  using Function = std::move_only_function<void(Response)>;
  Responder() = default;
  explicit Responder(Function send) : send_(std::move(send)) {}
  Responder(Responder&&) = default;
  Responder& operator=(Responder&&) = default;
  ~Responder() {
    if (send_) (*this)(Response::json(500, R"({"message":"Internal server error"})"));
  }
  void operator()(Response response) {
    if (auto send = std::exchange(send_, nullptr)) send(std::move(response));
  }
  explicit operator bool() const { return static_cast<bool>(send_); }

 private:
  Function send_;
};

// Called on an io thread: must not block.
using Handler = std::function<void(Request, Responder)>;

}  // namespace dew::http
