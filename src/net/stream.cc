#include "net/stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <system_error>

namespace dew::net {

namespace {

std::string error_text(int error) { return std::generic_category().message(error); }

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<void> wait_for(int fd, short events, Deadline deadline) {
  while (true) {
    if (deadline.stopped != nullptr && *deadline.stopped)
      return fail(ErrorKind::kUnavailable, "stopped");
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.at -
                                                             std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(ErrorKind::kTimeout, "the server did not answer in time");
    if (deadline.stopped != nullptr) left = std::min(left, Deadline::kStopLook);
    pollfd entry{fd, events, 0};
    const int ready =
        ::poll(&entry, 1, static_cast<int>(std::min<int64_t>(left.count(), 1'000'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(ErrorKind::kIo, "poll: " + error_text(errno));
  }
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Descriptor fd) : fd_(std::move(fd)) {}

  Result<void> write(std::string_view bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        bytes.remove_prefix(static_cast<size_t>(n));
      } else if (errno == EAGAIN) {
        CHECK_OK(wait_for(fd_.get(), POLLOUT, deadline));
      } else if (errno != EINTR) {
        return fail(ErrorKind::kIo, "sending failed: " + error_text(errno));
      }
    }
    return {};
  }

  Result<size_t> read(std::span<char> into, Deadline deadline) override {
    while (true) {
      const ssize_t n = ::recv(fd_.get(), into.data(), into.size(), 0);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno == EAGAIN) {
        CHECK_OK(wait_for(fd_.get(), POLLIN, deadline));
      } else if (errno != EINTR) {
        return fail(ErrorKind::kIo, "receiving failed: " + error_text(errno));
      }
    }
  }

  bool stale() override {
    char byte;
    return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }

  int fd() const { return fd_.get(); }

 private:
  Descriptor fd_;
};

struct AddressesDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

Result<Descriptor> open_one(const addrinfo& address, Deadline deadline) {
  Descriptor fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return fail(ErrorKind::kIo, error_text(errno));
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return fail(ErrorKind::kUnavailable, error_text(errno));
  CHECK_OK(wait_for(fd.get(), POLLOUT, deadline));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(ErrorKind::kUnavailable, error_text(error));
  return fd;
}

Result<std::unique_ptr<PlainStream>> open_plain(const std::string& host, uint16_t port,
                                                Deadline deadline) {
  std::string name = host;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (is_localhost(name)) name = "127.0.0.1";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &list);
      error != 0) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot find the host {}: {}", host, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, AddressesDeleter> owned(list);
  Error last{ErrorKind::kUnavailable, "it has no address"};
  for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
    auto fd = open_one(*address, deadline);
    if (fd) return std::make_unique<PlainStream>(*std::move(fd));
    last = std::move(fd).error();
  }
  return fail(last.kind, fmt::format("cannot connect to {}:{}: {}", host, port, last.message));
}

// OpenSSL over our socket, by a BIO that never raises SIGPIPE.
int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto* stream = static_cast<PlainStream*>(BIO_get_data(bio));
  const ssize_t n = ::send(stream->fd(), data, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto* stream = static_cast<PlainStream*>(BIO_get_data(bio));
  const ssize_t n = ::recv(stream->fd(), data, static_cast<size_t>(size), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

long bio_ctrl(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "dew socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_ctrl);
    return made;
  }();
  return method;
}

std::string tls_error() {
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "the connection was closed";
}

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

SSL_CTX* tls_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    const char* bundle = std::getenv("AWS_CA_BUNDLE");
    if (bundle == nullptr || *bundle == '\0') {
      SSL_CTX_set_default_verify_paths(made);
    } else if (SSL_CTX_load_verify_locations(made, bundle, nullptr) != 1) {
      ERR_clear_error();  // nothing is trusted then: handshake() tells why
    }
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return made;
  }();
  return context;
}

class TlsStream final : public Stream {
 public:
  explicit TlsStream(std::unique_ptr<PlainStream> plain)
      : plain_(std::move(plain)), ssl_(SSL_new(tls_context())) {
    BIO* bio = BIO_new(socket_bio_method());
    BIO_set_data(bio, plain_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  Result<void> handshake(const std::string& host, Deadline deadline) {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) != 1)
      SSL_set1_host(ssl_.get(), host.c_str());
    while (true) {
      const int n = SSL_connect(ssl_.get());
      if (n == 1) return {};
      if (const long verify = SSL_get_verify_result(ssl_.get()); verify != X509_V_OK) {
        ERR_clear_error();
        const char* bundle = std::getenv("AWS_CA_BUNDLE");
        return fail(ErrorKind::kUnavailable,
                    fmt::format("the certificate of {} is not trusted: {}{}", host,
                                X509_verify_cert_error_string(verify),
                                bundle != nullptr && *bundle != '\0'
                                    ? fmt::format(" (by AWS_CA_BUNDLE, {})", bundle)
                                    : ""));
      }
      CHECK_OK(wait_after(n, deadline));
    }
  }

  Result<void> write(std::string_view bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      size_t n = 0;
      const int status = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
      if (status == 1) {
        bytes.remove_prefix(n);
      } else {
        CHECK_OK(wait_after(status, deadline));
      }
    }
    return {};
  }

  Result<size_t> read(std::span<char> into, Deadline deadline) override {
    while (true) {
      size_t n = 0;
      const int status = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
      if (status == 1) return n;
      if (SSL_get_error(ssl_.get(), status) == SSL_ERROR_ZERO_RETURN) return 0;
      CHECK_OK(wait_after(status, deadline));
    }
  }

  // Session tickets may lie unread on a healthy connection: only what is closed is stale.
  bool stale() override {
    char byte;
    const ssize_t n = ::recv(plain_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN);
  }

 private:
  Result<void> wait_after(int status, Deadline deadline) {
    switch (SSL_get_error(ssl_.get(), status)) {
      case SSL_ERROR_WANT_READ:
        return wait_for(plain_->fd(), POLLIN, deadline);
      case SSL_ERROR_WANT_WRITE:
        return wait_for(plain_->fd(), POLLOUT, deadline);
      default:
        return fail(ErrorKind::kIo, "TLS failed: " + tls_error());
    }
  }

  std::unique_ptr<PlainStream> plain_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace

Result<std::unique_ptr<Stream>> Stream::connect(const std::string& host, uint16_t port,
                                                Deadline deadline) {
  TRY(auto plain, open_plain(host, port, deadline));
  return plain;
}

Result<std::unique_ptr<Stream>> Stream::connect_tls(const std::string& host, uint16_t port,
                                                    Deadline deadline) {
  TRY(auto plain, open_plain(host, port, deadline));
  auto tls = std::make_unique<TlsStream>(std::move(plain));
  CHECK_OK(tls->handshake(host, deadline));
  return tls;
}

}  // namespace dew::net
