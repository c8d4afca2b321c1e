#include "aws/auth_errors.h"

#include <fmt/format.h>

namespace dew::aws {

namespace {

constexpr std::string_view kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";
constexpr std::string_view kInvalidToken = "The security token included in the request is invalid.";
constexpr std::string_view kExpiredToken = "The security token included in the request is expired";
constexpr std::string_view kMissing = "Request is missing Authentication Token";

constexpr int kForbidden = 403;

std::string or_default(std::string message, std::string_view fallback) {
  return message.empty() ? std::string(fallback) : std::move(message);
}

ApiError of_s3(AuthFault fault, std::string message) {
  switch (fault) {
    case AuthFault::kUnsigned:
      return {"AccessDenied", "Access Denied", kForbidden};
    case AuthFault::kIncomplete:
      return {"AuthorizationHeaderMalformed",
              "The authorization header is malformed; " + std::move(message), 400};
    case AuthFault::kScope:
      return {"AuthorizationHeaderMalformed",
              "The authorization header is malformed; " + std::move(message), 400};
    case AuthFault::kAlgorithm:
      return {"InvalidRequest",
              "The authorization mechanism you have provided is not supported. Please use "
              "AWS4-HMAC-SHA256. " +
                  std::move(message),
              400};
    case AuthFault::kQueryValue:
      return {"AuthorizationQueryParametersError", std::move(message), 400};
    case AuthFault::kBoth:
      return {
          "InvalidArgument",
          "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
          "query string parameter or the Authorization header should be specified",
          400};
    case AuthFault::kTime:
      return {"RequestTimeTooSkewed",
              "The difference between the request time and the current time is too large.",
              kForbidden};
    case AuthFault::kUrlExpired:
      return {"AccessDenied", or_default(std::move(message), "Request has expired"), kForbidden};
    case AuthFault::kUnsignedHeaders:
      return {"AccessDenied", "There were headers present in the request which were not signed",
              kForbidden};
    case AuthFault::kUnknownKey:
      return {"InvalidAccessKeyId",
              "The AWS Access Key Id you provided does not exist in our records.", kForbidden};
    case AuthFault::kTokenInvalid:
      return {"InvalidToken", "The provided token is malformed or otherwise invalid.", 400};
    case AuthFault::kTokenExpired:
      return {"ExpiredToken", "The provided token has expired.", 400};
    case AuthFault::kMismatch:
      break;
  }
  return {"SignatureDoesNotMatch",
          "The request signature we calculated does not match the signature you provided. Check "
          "your key and signing method.",
          kForbidden};
}

ApiError of_query(AuthFault fault, std::string message) {
  switch (fault) {
    case AuthFault::kUnsigned:
      return {"MissingAuthenticationToken", std::string(kMissing), kForbidden};
    case AuthFault::kIncomplete:
    case AuthFault::kAlgorithm:
    case AuthFault::kQueryValue:
      return {"IncompleteSignature", std::move(message), 400};
    case AuthFault::kUnknownKey:
    case AuthFault::kTokenInvalid:
      return {"InvalidClientTokenId", std::string(kInvalidToken), kForbidden};
    case AuthFault::kTokenExpired:
      return {"ExpiredToken", std::string(kExpiredToken), kForbidden};
    default:
      return {"SignatureDoesNotMatch", or_default(std::move(message), kMismatch), kForbidden};
  }
}

// DynamoDB and its kin answer 400, REST services 403.
ApiError of_json(AuthFault fault, std::string message, int status) {
  switch (fault) {
    case AuthFault::kUnsigned:
      return {"MissingAuthenticationTokenException", std::string(kMissing), status};
    case AuthFault::kIncomplete:
    case AuthFault::kAlgorithm:
    case AuthFault::kQueryValue:
      return {"IncompleteSignatureException", std::move(message), status};
    case AuthFault::kUnknownKey:
    case AuthFault::kTokenInvalid:
      return {"UnrecognizedClientException", std::string(kInvalidToken), status};
    case AuthFault::kTokenExpired:
      return {"ExpiredTokenException", std::string(kExpiredToken), status};
    default:
      return {"InvalidSignatureException", or_default(std::move(message), kMismatch), status};
  }
}

}  // namespace

bool is_s3(const ServiceModel& service) { return service.name == "s3"; }

ApiError auth_error(const ServiceModel& service, AuthFault fault, std::string message,
                    json::Object members) {
  if (is_s3(service)) {
    auto out = of_s3(fault, std::move(message));
    out.members = std::move(members);
    return out;
  }
  if (service.protocol == ProtocolKind::kQuery) return of_query(fault, std::move(message));
  return of_json(fault, std::move(message),
                 service.protocol == ProtocolKind::kJson ? 400 : kForbidden);
}

ApiError auth_error(const ServiceModel& service, const SignatureFault& fault) {
  using Kind = SignatureFault::Kind;
  // S3 has one message for whatever a presigned URL lacks.
  if (is_s3(service) && fault.form == Signature::Form::kQuery && fault.kind == Kind::kIncomplete) {
    return auth_error(service, AuthFault::kQueryValue,
                      "Query-string authentication version 4 requires the X-Amz-Algorithm, "
                      "X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                      "X-Amz-Expires parameters.");
  }
  switch (fault.kind) {
    case Kind::kBoth:
      return auth_error(service, AuthFault::kBoth, fault.message);
    case Kind::kAlgorithm:
      return auth_error(service, AuthFault::kAlgorithm, fault.message);
    case Kind::kQueryValue:
      return auth_error(service, AuthFault::kQueryValue, fault.message);
    case Kind::kIncomplete:
      break;
  }
  return auth_error(service, AuthFault::kIncomplete, fault.message);
}

}  // namespace dew::aws
