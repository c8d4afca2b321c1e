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

// Takes a request's body piece by piece instead of Request::body. Destroyed before the request was
// handled, it has got nothing that counts.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Whether the body is to be sent at all: false where a client that waits for "100 Continue" is
  // answered without it.
  virtual bool wanted() const { return true; }
  // Pieces come in order, the next one after `done` was called, from any thread; the sink lives at
  // least as long as `done` does. Called on an io thread: must not block.
  virtual void write(std::string piece, std::move_only_function<void()> done) = 0;
};

struct Request {
  std::string method;  // as sent, e.g. "GET"
  std::string target;  // origin form as sent, still percent-encoded: /path?query
  Headers headers;
  std::string body;  // whole; transfer coding removed, and gzip where the server was told to
  std::shared_ptr<BodySink> sink;  // has got the whole body, and `body` is empty
  std::string remote_address;
  uint16_t local_port = 0;

  std::string_view path() const;   // before '?'
  std::string_view query() const;  // after '?'; empty if none
  std::string_view host() const;   // the Host header, port removed
};

// Asked for requests with a large body, or one of unknown length, before it is read; the request's
// head is all there is. Null: into memory, as usual. Called on an io thread: must not block.
using BodySinkFactory = std::function<std::shared_ptr<BodySink>(const Request& head)>;

// A part of an open file. What is sent is what the file held when it was opened, whoever removes it
// meanwhile.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};
struct FileSlice {
  std::shared_ptr<const File> file;
  uint64_t offset = 0;
  uint64_t length = 0;
};

struct Response {
  int status = 200;
  Headers headers;  // Content-Length, Connection, Date are the server's
  std::string body;
  FileSlice file;  // sent after the body, which is then usually empty

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
