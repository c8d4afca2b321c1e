#include "aws/authenticate.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/encoding.h"

namespace dew::aws {

namespace {

constexpr std::string_view kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access "
    "Key and signing method. Consult the service documentation for details.";

bool is_s3(const ServiceModel& service) { return service.name == "s3"; }

std::unexpected<ApiError> mismatch(const ServiceModel& service) {
  if (is_s3(service)) {
    return fail("SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and "
                "signing method.",
                403);
  }
  if (service.protocol == ProtocolKind::kQuery)
    return fail("SignatureDoesNotMatch", std::string(kMismatch), 403);
  // DynamoDB and its kin answer 400, REST services 403.
  return fail("InvalidSignatureException", std::string(kMismatch),
              service.protocol == ProtocolKind::kJson ? 400 : 403);
}

std::unexpected<ApiError> bad_token(const ServiceModel& service) {
  if (is_s3(service))
    return fail("InvalidToken", "The provided token is malformed or otherwise invalid.", 400);
  if (service.protocol == ProtocolKind::kQuery) {
    return fail("InvalidClientTokenId", "The security token included in the request is invalid.",
                403);
  }
  return fail("UnrecognizedClientException",
              "The security token included in the request is invalid.",
              service.protocol == ProtocolKind::kJson ? 400 : 403);
}

std::unexpected<ApiError> expired(const ServiceModel& service, const Signature& signature,
                                  int64_t now_s) {
  if (is_s3(service)) {
    if (signature.form == Signature::Form::kQuery)
      return fail("AccessDenied", "Request has expired", 403);
    return fail("RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.", 403);
  }
  const auto message =
      fmt::format("Signature expired or not yet current: {} is not within {} minutes of {}",
                  signature.timestamp, kMaxClockSkew_s / 60, format_amz_date(now_s));
  if (service.protocol == ProtocolKind::kQuery) return fail("SignatureDoesNotMatch", message, 403);
  return fail("InvalidSignatureException", message,
              service.protocol == ProtocolKind::kJson ? 400 : 403);
}

bool in_time(const Signature& signature, int64_t now_s) {
  const auto signed_at = parse_amz_date(signature.timestamp);
  if (!signed_at || signature.timestamp.substr(0, 8) != signature.date) return false;
  if (signature.form == Signature::Form::kQuery && signature.expires_s > 0) {
    return now_s >= *signed_at - kMaxClockSkew_s && now_s < *signed_at + signature.expires_s;
  }
  return std::llabs(now_s - *signed_at) <= kMaxClockSkew_s;
}

// A body that was hashed into the signature must be the one that arrived. (aws-chunked bodies carry
// a STREAMING-... marker instead.)
bool body_matches(const http::Request& request) {
  const auto given = request.headers.get("x-amz-content-sha256");
  constexpr size_t kHexDigits = 64;
  return given.size() != kHexDigits || given == hex_encode(sha256(request.body));
}

}  // namespace

ApiResult<Identity> authenticate(const http::Request& request, const Signature* signature,
                                 const ServiceModel& service, CredentialSource* credentials,
                                 const Clock& clock, std::string_view account) {
  Identity root;
  root.account = account;
  root.arn = fmt::format("arn:aws:iam::{}:root", account);
  root.user_id = account;
  if (!signature) return root;
  root.access_key = signature->access_key;
  auto known = credentials ? credentials->find(signature->access_key) : std::nullopt;
  if (!known) return root;

  const int64_t now_s = clock.now_ms() / 1000;
  if (!in_time(*signature, now_s)) return expired(service, *signature, now_s);
  if (!constant_time_equal(known->session_token, signature->session_token))
    return bad_token(service);
  const PathStyle style = is_s3(service) ? PathStyle::kPlain : PathStyle::kNormalized;
  if (!signature_matches(request, *signature, known->secret, style)) return mismatch(service);
  if (!body_matches(request)) {
    if (!is_s3(service)) return mismatch(service);
    return fail("XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400);
  }
  known->identity.access_key = signature->access_key;
  return std::move(known->identity);
}

}  // namespace dew::aws
