// AWS Signature Version 4: what is signed, how, and the two places a signature travels in (the
// Authorization header, or the query string of a presigned URL). Pure functions, used to verify
// requests and to sign our own clients'.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "net/http.h"

namespace dew::aws {

inline constexpr std::string_view kSigV4 = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr size_t kMaxSignedHeaders = 200;

// A request's signature as sent, not yet verified.
struct Signature {
  enum class Form { kHeader, kQuery };
  Form form = Form::kHeader;
  std::string access_key;
  std::string date;  // YYYYMMDD, of the scope
  std::string region;
  std::string service;  // may be empty: some clients sign so
  std::vector<std::string> signed_headers;
  std::string signature;      // hex
  std::string timestamp;      // YYYYMMDDTHHMMSSZ
  std::string session_token;  // empty for none
  int64_t expires_s = 0;      // kQuery: valid for so long after the timestamp

  std::string scope() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

// nullopt for a request that is not signed with Signature Version 4; IncompleteSignatureException
// and the like for one whose signature is malformed.
ApiResult<std::optional<Signature>> parse_signature(const http::Request& request);

enum class PathStyle {
  kNormalized,  // "." and ".." resolved, then encoded once more: every service but S3
  kEncoded,     // encoded once more
  kPlain,       // encoded once: S3
};

// Hex SHA-256 of the body, or what x-amz-content-sha256 says.
std::string payload_hash(const http::Request& request);

std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash, PathStyle style);
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request);
// 32 raw bytes.
std::string signing_key(std::string_view secret, std::string_view date, std::string_view region,
                        std::string_view service);
// Hex.
std::string sign_string(std::string_view signing_key, std::string_view string_to_sign);

// Recomputes the request's signature with the secret; compared in constant time.
bool signature_matches(const http::Request& request, const Signature& signature,
                       std::string_view secret, PathStyle style);

struct SigningInput {
  std::string access_key;
  std::string secret;
  std::string session_token;  // empty for none
  std::string region;
  std::string service;
  std::string timestamp;  // YYYYMMDDTHHMMSSZ
  PathStyle style = PathStyle::kNormalized;
};

// Sets X-Amz-Date, X-Amz-Security-Token and Authorization; signs every header that the request has
// by then (Host must be among them).
void sign_headers(http::Request& request, const SigningInput& input, std::string_view payload_hash);
// Extends the target's query string; signs every header that the request has.
void sign_query(http::Request& request, const SigningInput& input, int64_t expires_s,
                std::string_view payload_hash);

// YYYYMMDDTHHMMSSZ to seconds since the epoch and back.
std::optional<int64_t> parse_amz_date(std::string_view text);
std::string format_amz_date(int64_t seconds);

}  // namespace dew::aws
