// One TCP connection, plain or TLS. Blocking, with a timeout for each read and write. Not
// thread-safe.
#pragma once

#include <dew/result.h>
#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace dew::detail {

struct Endpoint {
  std::string host;
  uint16_t port = 0;
  bool tls = false;
  bool operator==(const Endpoint&) const = default;
};

// TLS over a connected socket. Apart from Connection, so that a program which only speaks plain
// HTTP (a function without AWS calls) does not carry a TLS library: it starts faster.
class SecureStream {
 public:
  virtual ~SecureStream() = default;
  virtual Result<void> write(std::span<const iovec> parts) = 0;
  virtual Result<size_t> read(char* into, size_t room) = 0;
};
using Secure = Result<std::unique_ptr<SecureStream>> (*)(int fd, const std::string& host);
Result<std::unique_ptr<SecureStream>> secure_with_openssl(int fd, const std::string& host);

class Connection {
 public:
  // `secure` makes the TLS streams; without it, an endpoint that wants TLS is an error.
  explicit Connection(Secure secure = nullptr);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  // A zero io timeout waits for ever (the Runtime API's /next does).
  Result<void> open(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout,
                    std::chrono::milliseconds io_timeout);
  void set_io_timeout(std::chrono::milliseconds timeout);
  void close();
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }

  // Writes all of it, in one system call when the socket takes it. Spoils `parts`.
  Result<void> write(std::span<iovec> parts);
  // At least one byte; 0 at the peer's end. Error codes: "Timeout", "ConnectionError".
  Result<size_t> read(char* into, size_t room);

 private:
  Secure secure_;
  int fd_ = -1;
  std::chrono::milliseconds io_timeout_{-1};
  std::unique_ptr<SecureStream> tls_;
};

}  // namespace dew::detail
