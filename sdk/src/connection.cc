#include "connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "resolver.h"

namespace dew::detail {
namespace {

using std::chrono::milliseconds;

Error network_error(std::string code, std::string message) {
  return Error{std::move(code), std::move(message), 0, true};
}

std::string errno_text(int error) { return std::generic_category().message(error); }

// Waits for the connect to end. Interrupted waits start again: a signal is no reason to give up.
Result<void> finish_connect(int fd, milliseconds timeout) {
  pollfd poll_fd{fd, POLLOUT, 0};
  int ready = 0;
  do {
    ready = ::poll(&poll_fd, 1, static_cast<int>(timeout.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return std::unexpected(network_error("Timeout", "connect timed out"));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (ready < 0 || error != 0)
    return std::unexpected(network_error("ConnectionError", errno_text(error)));
  return {};
}

Result<int> connect_to(const SocketAddress& address, milliseconds timeout) {
  const int fd = ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::unexpected(network_error("ConnectionError", errno_text(errno)));
  if (::connect(fd, address.get(), address.size) != 0) {
    Result<void> connected =
        errno == EINPROGRESS ? finish_connect(fd, timeout)
                             : std::unexpected(network_error("ConnectionError", errno_text(errno)));
    if (!connected) {
      ::close(fd);
      return std::unexpected(connected.error());
    }
  }
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

}  // namespace

Connection::Connection(Secure secure) : secure_(secure) {}
Connection::~Connection() { close(); }
Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      io_timeout_(other.io_timeout_),
      tls_(std::move(other.tls_)) {}
Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    secure_ = other.secure_;
    fd_ = std::exchange(other.fd_, -1);
    io_timeout_ = other.io_timeout_;
    tls_ = std::move(other.tls_);
  }
  return *this;
}

void Connection::close() {
  tls_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  io_timeout_ = milliseconds{-1};
}

void Connection::set_io_timeout(milliseconds timeout) {
  if (timeout == io_timeout_ || fd_ < 0) return;
  io_timeout_ = timeout;
  const timeval value{static_cast<time_t>(timeout.count() / 1000),
                      static_cast<suseconds_t>(timeout.count() % 1000 * 1000)};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

Result<void> Connection::open(const Endpoint& endpoint, milliseconds connect_timeout,
                              milliseconds io_timeout) {
  close();
  const auto addresses = resolve(endpoint.host, endpoint.port, connect_timeout);
  if (!addresses) return std::unexpected(addresses.error());
  Result<int> fd =
      std::unexpected(network_error("ConnectionError", endpoint.host + ": no address"));
  for (size_t at = 0; at < addresses->size() && !fd; ++at) {
    fd = connect_to((*addresses)[at], connect_timeout);
  }
  if (!fd) return std::unexpected(fd.error());
  fd_ = *fd;
  set_io_timeout(io_timeout);
  if (!endpoint.tls) return {};
  if (secure_ == nullptr) return fail("ConnectionError", "this connection does not speak TLS");
  auto secured = secure_(fd_, endpoint.host);
  if (!secured) {
    close();
    return std::unexpected(secured.error());
  }
  tls_ = std::move(*secured);
  return {};
}

Result<void> Connection::write(std::span<iovec> parts) {
  if (tls_) return tls_->write(parts);
  msghdr message{};
  while (!parts.empty()) {
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return std::unexpected(network_error("Timeout", "write timed out"));
      return std::unexpected(network_error("ConnectionError", "write: " + errno_text(errno)));
    }
    while (!parts.empty() && static_cast<size_t>(sent) >= parts.front().iov_len) {
      sent -= static_cast<ssize_t>(parts.front().iov_len);
      parts = parts.subspan(1);
    }
    if (!parts.empty()) {
      parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
      parts.front().iov_len -= static_cast<size_t>(sent);
    }
  }
  return {};
}

Result<size_t> Connection::read(char* into, size_t room) {
  if (tls_) return tls_->read(into, room);
  while (true) {
    const ssize_t got = ::recv(fd_, into, room, 0);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return std::unexpected(network_error("Timeout", "read timed out"));
    return std::unexpected(network_error("ConnectionError", "read: " + errno_text(errno)));
  }
}

}  // namespace dew::detail
