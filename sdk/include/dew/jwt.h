// JSON Web Tokens (RFC 7519), HS256 and RS256.
//
// A verifier accepts exactly the algorithm of its key: the token's `alg` only has to agree (no
// "none", no HMAC with a public key). Compact form only, `crit` is refused, signatures compare in
// constant time. Thread safety: const use is safe.
#pragma once

#include <dew/json.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dew::jwt {

inline constexpr size_t kMaxTokenBytes = 16UL << 10;

struct Checks {
  std::optional<std::string> issuer{};    // `iss` must equal it
  std::optional<std::string> audience{};  // `aud` must equal or contain it
  std::chrono::seconds leeway{30};        // for exp and nbf
  bool require_expiry = true;             // a token without `exp` is refused
};

class Verifier {
 public:
  // The secret's bytes. RFC 7518 asks for at least 32; an empty one throws.
  static Verifier hs256(std::string_view secret, Checks checks = {});
  // A public key (PEM SubjectPublicKeyInfo or certificate), RSA of at least 2048 bits; another
  // throws.
  static Verifier rs256_pem(std::string_view pem, Checks checks = {});
  // A public key as JWK's `n` and `e`, base64url.
  static Verifier rs256_jwk(std::string_view n, std::string_view e, Checks checks = {});

  // The claims. Error codes: Malformed, AlgorithmMismatch, BadSignature, Expired, NotYetValid,
  // WrongIssuer, WrongAudience. `now_s`: seconds since the epoch, the system clock's when absent.
  [[nodiscard]] Result<json::object> verify(std::string_view token,
                                            std::optional<int64_t> now_s = {}) const;

 private:
  Verifier() = default;
  [[nodiscard]] bool signature_matches(std::string_view signed_part,
                                       std::string_view signature) const;

  std::string secret_;
  std::shared_ptr<void> rsa_;  // EVP_PKEY; null for HS256
  Checks checks_;
};

std::string sign_hs256(const json::object& claims, std::string_view secret);

}  // namespace dew::jwt
