#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "connection.h"

namespace dew::detail {
namespace {

Error network_error(std::string code, std::string message) {
  return Error{std::move(code), std::move(message), 0, true};
}

// Debian's OpenSSL, linked statically, would look for Debian's certificates only: try where the
// distributions put theirs.
SSL_CTX* tls_context() {
  static SSL_CTX* context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_verify_paths(made);
    static constexpr std::array kBundles = {
        "/etc/pki/tls/certs/ca-bundle.crt",    // Amazon Linux, Fedora
        "/etc/ssl/certs/ca-certificates.crt",  // Debian, Alpine
        "/etc/ssl/ca-bundle.pem",              // SUSE
    };
    const char* chosen = std::getenv("AWS_CA_BUNDLE");
    if (chosen != nullptr && *chosen != '\0') {
      SSL_CTX_load_verify_locations(made, chosen, nullptr);
    } else {
      for (const char* bundle : kBundles) {
        if (::access(bundle, R_OK) == 0 &&
            SSL_CTX_load_verify_locations(made, bundle, nullptr) == 1)
          break;
      }
    }
    return made;
  }();
  return context;
}

std::string tls_error() {
  const unsigned long code = ERR_get_error();
  if (code == 0) return "the connection ended";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

class OpenSslStream final : public SecureStream {
 public:
  explicit OpenSslStream(SSL* ssl) : ssl_(ssl) {}
  OpenSslStream(const OpenSslStream&) = delete;
  OpenSslStream& operator=(const OpenSslStream&) = delete;
  ~OpenSslStream() override { SSL_free(ssl_); }

  Result<void> write(std::span<const iovec> parts) override {
    out_.clear();
    for (const iovec& part : parts)
      out_.append(static_cast<const char*>(part.iov_base), part.iov_len);
    ERR_clear_error();
    size_t written = 0;
    if (SSL_write_ex(ssl_, out_.data(), out_.size(), &written) == 1) return {};
    return std::unexpected(network_error("ConnectionError", "TLS write: " + tls_error()));
  }

  Result<size_t> read(char* into, size_t room) override {
    ERR_clear_error();
    size_t got = 0;
    if (SSL_read_ex(ssl_, into, room, &got) == 1) return got;
    const int why = SSL_get_error(ssl_, 0);
    if (why == SSL_ERROR_ZERO_RETURN) return size_t{0};
    if (why == SSL_ERROR_WANT_READ)
      return std::unexpected(network_error("Timeout", "read timed out"));
    return std::unexpected(network_error("ConnectionError", "TLS read: " + tls_error()));
  }

 private:
  SSL* ssl_;
  std::string out_;  // parts joined: one TLS record, one write
};

}  // namespace

Result<std::unique_ptr<SecureStream>> secure_with_openssl(int fd, const std::string& host) {
  SSL* ssl = SSL_new(tls_context());
  auto stream = std::make_unique<OpenSslStream>(ssl);
  SSL_set_tlsext_host_name(ssl, host.c_str());
  SSL_set1_host(ssl, host.c_str());
  SSL_set_fd(ssl, fd);
  ERR_clear_error();
  if (SSL_connect(ssl) == 1) return stream;
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK)
    return fail("TlsError", host + ": " + X509_verify_cert_error_string(verified));
  return std::unexpected(
      network_error("ConnectionError", "TLS handshake with " + host + ": " + tls_error()));
}

}  // namespace dew::detail
