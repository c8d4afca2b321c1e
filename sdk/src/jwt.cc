#include <dew/encoding.h>
#include <dew/jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cmath>
#include <stdexcept>

#include "crypto.h"

namespace dew::jwt {
namespace {

constexpr int kMinRsaBits = 2048;

template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
using Pkey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY, EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BIGNUM, BN_free>>;
using ParamBuild = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM, OSSL_PARAM_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509, X509_free>>;
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

std::shared_ptr<void> checked(Pkey key) {
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
    throw std::invalid_argument("jwt: not an RSA public key");
  if (EVP_PKEY_bits(key.get()) < kMinRsaBits)
    throw std::invalid_argument("jwt: RSA key of less than 2048 bits");
  return {key.release(), [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }};
}

bool rsa_verifies(void* key, std::string_view signed_part, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                              static_cast<EVP_PKEY*>(key)) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(signed_part),
                          signed_part.size()) == 1;
}

Result<json::object> decode_part(std::string_view part) {
  const auto text = base64url_decode(part);
  if (!text) return fail("Malformed", "a part of the token is not base64url");
  auto value = parse_json(*text);
  if (!value || !value->is_object())
    return fail("Malformed", "a part of the token is not a JSON object");
  return std::move(value->as_object());
}

// NumericDate: any JSON number. Nothing when the claim is absent; NaN when it is no number.
std::optional<double> date_claim(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) return std::nan("");
  return value->to_number<double>();
}

bool is_text(const json::value* value, std::string_view expected) {
  return value != nullptr && value->is_string() && value->get_string() == expected;
}

bool has_audience(const json::object& claims, std::string_view expected) {
  const json::value* value = claims.if_contains("aud");
  if (value == nullptr || !value->is_array()) return is_text(value, expected);
  for (const json::value& each : value->get_array()) {
    if (is_text(&each, expected)) return true;
  }
  return false;
}

Result<void> check(const json::object& claims, const Checks& checks, double now_s) {
  const auto leeway = static_cast<double>(checks.leeway.count());
  const auto expires = date_claim(claims, "exp");
  if (!expires && checks.require_expiry) return fail("Expired", "the token has no expiry");
  if (expires && !(now_s < *expires + leeway)) return fail("Expired", "the token has expired");
  const auto begins = date_claim(claims, "nbf");
  if (begins && !(now_s >= *begins - leeway))
    return fail("NotYetValid", "the token is not valid yet");
  if (checks.issuer && !is_text(claims.if_contains("iss"), *checks.issuer))
    return fail("WrongIssuer", "wrong issuer");
  if (checks.audience && !has_audience(claims, *checks.audience))
    return fail("WrongAudience", "wrong audience");
  return {};
}

}  // namespace

Verifier Verifier::hs256(std::string_view secret, Checks checks) {
  if (secret.empty()) throw std::invalid_argument("jwt: empty secret");
  Verifier verifier;
  verifier.secret_ = secret;
  verifier.checks_ = std::move(checks);
  return verifier;
}

Verifier Verifier::rs256_pem(std::string_view pem, Checks checks) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Pkey key;
  if (pem.find("BEGIN CERTIFICATE") != std::string_view::npos) {
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  } else {
    key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  }
  Verifier verifier;
  verifier.rsa_ = checked(std::move(key));
  verifier.checks_ = std::move(checks);
  return verifier;
}

Verifier Verifier::rs256_jwk(std::string_view n, std::string_view e, Checks checks) {
  const auto modulus_bytes = base64url_decode(n);
  const auto exponent_bytes = base64url_decode(e);
  if (!modulus_bytes || !exponent_bytes)
    throw std::invalid_argument("jwt: JWK members are not base64url");
  auto number = [](const std::string& bytes) {
    return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                            static_cast<int>(bytes.size()), nullptr));
  };
  const Number modulus = number(*modulus_bytes);
  const Number exponent = number(*exponent_bytes);
  const ParamBuild build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  const Params params(OSSL_PARAM_BLD_to_param(build.get()));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) == 1) {
    EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get());
  }
  Verifier verifier;
  verifier.rsa_ = checked(Pkey(made));
  verifier.checks_ = std::move(checks);
  return verifier;
}

bool Verifier::signature_matches(std::string_view signed_part, std::string_view signature) const {
  if (rsa_) return rsa_verifies(rsa_.get(), signed_part, signature);
  return crypto::equal_constant_time(crypto::view(crypto::hmac_sha256(secret_, signed_part)),
                                     signature);
}

Result<json::object> Verifier::verify(std::string_view token, std::optional<int64_t> now_s) const {
  if (token.size() > kMaxTokenBytes) return fail("Malformed", "the token is too long");
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos)
    return fail("Malformed", "the token does not have three parts");
  auto header = decode_part(token.substr(0, first));
  if (!header) return std::unexpected(header.error());
  if (!is_text(header->if_contains("alg"), rsa_ ? "RS256" : "HS256")) {
    return fail("AlgorithmMismatch", "the token's algorithm is not the key's");
  }
  if (header->contains("crit")) return fail("Malformed", "critical extensions are not supported");
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!signature) return fail("Malformed", "the signature is not base64url");
  if (!signature_matches(token.substr(0, second), *signature))
    return fail("BadSignature", "the signature is wrong");
  auto claims = decode_part(token.substr(first + 1, second - first - 1));
  if (!claims) return claims;
  const int64_t now = now_s ? *now_s
                            : std::chrono::duration_cast<std::chrono::seconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
  if (auto checked_claims = check(*claims, checks_, static_cast<double>(now)); !checked_claims) {
    return std::unexpected(checked_claims.error());
  }
  return claims;
}

std::string sign_hs256(const json::object& claims, std::string_view secret) {
  if (secret.empty()) throw std::invalid_argument("jwt: empty secret");
  std::string token = base64url_encode(R"({"alg":"HS256","typ":"JWT"})");
  token += '.';
  token += base64url_encode(json::serialize(claims));
  const std::string signature = base64url_encode(crypto::view(crypto::hmac_sha256(secret, token)));
  return token + '.' + signature;
}

}  // namespace dew::jwt
