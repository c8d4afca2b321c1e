// AWS Signature Version 4: what is signed, how, and the two places a signature travels in (the
// Authorization header, or the query string of a presigned URL). Pure functions, used to verify
// requests and to sign our own clients'.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "net/http.h"

namespace dew::aws {

inline constexpr std::string_view kSigV4 = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kStreamingSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view kStreamingSignedTrailer =
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
inline constexpr std::string_view kStreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
inline constexpr size_t kMaxSignedHeaders = 200;
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html: seven days at most.
inline constexpr int64_t kMaxPresigned_s = 7 * 86'400;

// A request's signature as sent, not yet verified.
struct Signature {
  enum class Form { kHeader, kQuery };
  enum class Version { k4, k2 };  // sigv2.h
  Version version = Version::k4;
  Form form = Form::kHeader;
  std::string access_key;
  std::string date;  // YYYYMMDD, of the scope
  std::string region;
  std::string service;     // may be empty: some clients sign so
  std::string terminator;  // aws4_request, unless the client is mistaken
  std::vector<std::string> signed_headers;
  std::string signature;      // hex
  std::string timestamp;      // YYYYMMDDTHHMMSSZ
  std::string session_token;  // empty for none
  bool has_expires = false;   // kQuery
  int64_t expires_s = 0;      // valid for so long after the timestamp; k2: since the epoch
  std::string resource;       // k2: the target in path style, which the router knows

  std::string scope() const { return date + "/" + region + "/" + service + "/" + terminator; }
};

// Why a request's signature cannot be read. aws/auth_errors.h says it in each service's words.
struct SignatureFault {
  enum class Kind {
    kIncomplete,  // a part is missing or malformed
    kBoth,        // in the header and in the query string at once
    kAlgorithm,   // Signature Version 2, 4A, or one that nobody knows
    kQueryValue,  // X-Amz-Expires, X-Amz-Date
  };
  Kind kind = Kind::kIncomplete;
  Signature::Form form = Signature::Form::kHeader;
  std::string message;
};

// nullopt for a request that carries no signature of AWS's.
std::expected<std::optional<Signature>, SignatureFault> parse_signature(
    const http::Request& request);

enum class PathStyle {
  kNormalized,  // "." and ".." resolved, then encoded once more: every service but S3
  kEncoded,     // encoded once more
  kPlain,       // encoded once: S3
};

// Hex SHA-256 of the body, or what x-amz-content-sha256 says.
std::string payload_hash(const http::Request& request);

// In the query form, the parameter X-Amz-Signature is left out.
std::string canonical_request(const http::Request& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash, PathStyle style,
                              Signature::Form form = Signature::Form::kHeader);
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical_request);
// 32 raw bytes.
std::string signing_key(std::string_view secret, std::string_view date, std::string_view region,
                        std::string_view service);
// Hex.
std::string sign_string(std::string_view signing_key, std::string_view string_to_sign);

// What the chunks of a streamed body are signed with, once the request's own signature is known to
// be right: each chunk's signature covers the one before it, the first one the request's.
struct ChunkSigning {
  std::string key;  // 32 raw bytes
  std::string timestamp;
  std::string scope;
  std::string previous;  // hex
};

struct Verification {
  bool matches = false;
  std::string string_to_sign;  // ours
  ChunkSigning chunks;         // if it matches
};
// Recomputes the request's signature with the secret; compared in constant time.
Verification verify_signature(const http::Request& request, const Signature& signature,
                              std::string_view secret, std::string_view payload_hash,
                              PathStyle style);

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
