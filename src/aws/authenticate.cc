#include "aws/authenticate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "aws/auth_errors.h"
#include "aws/sigv2.h"
#include "aws/timestamp.h"
#include "aws/uri.h"
#include "base/encoding.h"

namespace dew::aws {

namespace {

constexpr std::string_view kWellKnownKey = "test";  // and its secret

std::unexpected<ApiError> refuse(const ServiceModel& service, AuthFault fault,
                                 std::string message = "", json::Object members = {}) {
  return fail(auth_error(service, fault, std::move(message), std::move(members)));
}

Identity administrator(const AuthPolicy& policy) {
  Identity out;
  out.account = policy.account;
  out.arn = fmt::format("arn:aws:iam::{}:root", policy.account);
  out.user_id = policy.account;
  return out;
}

Identity nobody() {
  Identity out;
  out.account = "anonymous";
  out.arn.clear();
  out.user_id = "anonymous";
  out.anonymous = true;
  return out;
}

bool is_ours(std::string_view key) {
  return key.starts_with(kUserKeyPrefix) || key.starts_with(kSessionKeyPrefix);
}

// A presigned URL is good from its date for as long as it says; anything else, fifteen minutes
// around now.
ApiResult<void> check_time(const Signature& signature, const ServiceModel& service, int64_t now_s) {
  const auto signed_at = parse_amz_date(signature.timestamp).value_or(0);
  const auto now = format_amz_date(now_s);
  const auto skew_min = kMaxClockSkew_s / 60;
  const bool s3 = is_s3(service);
  if (signature.form == Signature::Form::kQuery && signature.has_expires) {
    if (now_s > signed_at + signature.expires_s) {
      return refuse(
          service, s3 ? AuthFault::kUrlExpired : AuthFault::kTime,
          s3 ? "Request has expired"
             : fmt::format("Signature expired: {} is now earlier than {}", signature.timestamp,
                           format_amz_date(now_s - signature.expires_s)),
          {{"X-Amz-Expires", std::to_string(signature.expires_s)},
           {"Expires", format_iso8601(static_cast<double>(signed_at + signature.expires_s))},
           {"ServerTime", format_iso8601(static_cast<double>(now_s))}});
    }
    if (signed_at <= now_s + kMaxClockSkew_s) return {};
    if (s3) return refuse(service, AuthFault::kUrlExpired, "Request is not valid yet");
  }
  if (std::llabs(now_s - signed_at) <= kMaxClockSkew_s) return {};
  const bool old = signed_at < now_s;
  return refuse(
      service, AuthFault::kTime,
      old ? fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)",
                        signature.timestamp, format_amz_date(now_s - kMaxClockSkew_s), now,
                        skew_min)
          : fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)",
                        signature.timestamp, format_amz_date(now_s + kMaxClockSkew_s), now,
                        skew_min),
      {{"RequestTime", signature.timestamp},
       {"ServerTime", format_iso8601(static_cast<double>(now_s))},
       {"MaxAllowedSkewMilliseconds", std::to_string(kMaxClockSkew_s * 1000)}});
}

bool is_signed(const Signature& signature, std::string_view header) {
  return std::ranges::any_of(signature.signed_headers,
                             [&](const std::string& name) { return http::iequals(name, header); });
}

// The host, and every x-amz-* header that came. Not the session token: some clients add it after
// signing, and it is compared with the key's own anyway.
ApiResult<void> check_signed_headers(const http::Request& request, const Signature& signature,
                                     const ServiceModel& service) {
  std::string left_out;
  const auto add = [&](std::string_view name) {
    left_out += (left_out.empty() ? "" : ", ") + std::string(name);
  };
  if (!is_signed(signature, "host")) add("host");
  for (const auto& header : request.headers) {
    constexpr std::string_view kPrefix = "x-amz-";
    if (header.name.size() < kPrefix.size() ||
        !http::iequals(std::string_view(header.name).substr(0, kPrefix.size()), kPrefix) ||
        http::iequals(header.name, "x-amz-security-token") || is_signed(signature, header.name)) {
      continue;
    }
    add(header.name);
  }
  if (left_out.empty()) return {};
  const bool host = left_out.starts_with("host");
  const auto first = host ? std::string("Host") : left_out.substr(0, left_out.find(','));
  return refuse(service, AuthFault::kUnsignedHeaders,
                fmt::format("'{}' {}must be a 'SignedHeader' in the AWS Authorization.", first,
                            host ? "or ':authority' " : ""),
                {{"HeadersNotSigned", left_out}});
}

// IAM and STS are global: their requests are signed for us-east-1 wherever the cloud is.
bool is_region(std::string_view region, const ServiceModel& service, const AuthPolicy& policy) {
  if (policy.mode == AuthMode::kRelaxed) return !region.empty();
  if (region == policy.region) return true;
  return (service.name == "iam" || service.name == "sts") && region == "us-east-1";
}

// The router trusts the scope; a target of another service says that the client is mistaken.
std::string_view service_of_target(const http::Request& request) {
  const std::string_view target = request.headers.get("x-amz-target");
  if (target.empty()) return {};
  for (const auto& model : embedded_models()) {
    if (!model.target_prefix.empty() && target.substr(0, target.find('.')) == model.target_prefix)
      return model.signing_name;
  }
  return {};
}

ApiResult<void> check_scope(const http::Request& request, const Signature& signature,
                            const ServiceModel& service, const AuthPolicy& policy) {
  std::string wrong;
  const bool s3 = is_s3(service);
  const std::string_view target = service_of_target(request);
  const std::string_view expected =
      target.empty() ? std::string_view(service.signing_name) : target;
  const bool service_is_right = signature.service == expected ||
                                (signature.service.empty() && policy.mode == AuthMode::kRelaxed);
  json::Object members;
  if (!is_region(signature.region, service, policy)) {
    wrong += s3 ? fmt::format("the region '{}' is wrong; expecting '{}'", signature.region,
                              policy.region)
                : fmt::format("Credential should be scoped to a valid region, not '{}'. ",
                              signature.region);
    members["Region"] = policy.region;
  }
  if (!service_is_right && (wrong.empty() || !s3)) {
    wrong += s3 ? fmt::format("incorrect service \"{}\". This endpoint belongs to \"s3\".",
                              signature.service)
                : fmt::format("Credential should be scoped to correct service: '{}'. ", expected);
  }
  if (signature.terminator != "aws4_request" && (wrong.empty() || !s3)) {
    wrong += s3 ? fmt::format("incorrect terminal \"{}\". This endpoint uses \"aws4_request\".",
                              signature.terminator)
                : fmt::format(
                      "Credential should be scoped with a valid terminator: "
                      "'aws4_request', not '{}'. ",
                      signature.terminator);
  }
  const std::string_view day = std::string_view(signature.timestamp).substr(0, 8);
  if (signature.date != day && (wrong.empty() || !s3)) {
    wrong += s3 ? fmt::format(
                      "Invalid credential date \"{}\". This date is not the same as "
                      "X-Amz-Date: \"{}\".",
                      signature.date, day)
                : fmt::format(
                      "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                      "version of date from HTTP: '{}' != '{}', from '{}'.",
                      signature.date, day, signature.timestamp);
  }
  if (wrong.empty()) return {};
  while (wrong.ends_with(' ')) wrong.pop_back();
  return refuse(service, AuthFault::kScope, std::move(wrong), std::move(members));
}

// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
ApiResult<void> check_payload_name(const http::Request& request, const Signature& signature,
                                   std::string_view payload) {
  if (signature.form == Signature::Form::kHeader && !request.headers.has("x-amz-content-sha256")) {
    return fail("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  const bool hash = payload.size() == 64 && std::ranges::all_of(payload, [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  if (hash || payload == kUnsignedPayload || payload == kStreamingSigned ||
      payload == kStreamingSignedTrailer || payload == kStreamingUnsignedTrailer) {
    return {};
  }
  if (payload.starts_with("STREAMING-AWS4-ECDSA")) {
    return fail(ApiError::unsupported(
        fmt::format("{}: chunks signed with Signature Version 4A", payload.substr(0, 64))));
  }
  ApiError error("InvalidArgument",
                 fmt::format("x-amz-content-sha256 must be {}, {}, {}, {} or a valid sha256 value.",
                             kUnsignedPayload, kStreamingUnsignedTrailer, kStreamingSigned,
                             kStreamingSignedTrailer));
  error.members["ArgumentName"] = "x-amz-content-sha256";
  error.members["ArgumentValue"] = payload.substr(0, 128);
  return fail(std::move(error));
}

ApiResult<void> check_expiry_v2(const Signature& signature, const ServiceModel& service,
                                int64_t now_s) {
  if (now_s <= signature.expires_s) return {};
  return refuse(service, AuthFault::kUrlExpired, "Request has expired",
                {{"Expires", format_iso8601(static_cast<double>(signature.expires_s))},
                 {"ServerTime", format_iso8601(static_cast<double>(now_s))}});
}

ApiResult<Authenticated> verify_v2(const http::Request& request, const Signature& signature,
                                   const ServiceModel& service, const Credential& known,
                                   int64_t now_s) {
  CHECK_OK(check_expiry_v2(signature, service, now_s));
  if (!matches_v2(request, signature, known.secret)) {
    return refuse(service, AuthFault::kMismatch, "",
                  {{"AWSAccessKeyId", signature.access_key},
                   {"StringToSign", string_to_sign_v2(request, signature)}});
  }
  const auto token = request.headers.get("x-amz-security-token");
  if (!constant_time_equal(known.session_token,
                           token.empty() ? std::string_view(signature.session_token) : token)) {
    return refuse(service, AuthFault::kTokenInvalid);
  }
  // The scope names no region here.
  if (known.use) known.use->note(now_s, service.signing_name, "us-east-1");
  Authenticated out{known.identity, std::nullopt};
  out.identity.access_key = signature.access_key;
  return out;
}

ApiResult<Authenticated> verify(const http::Request& request, const Signature& signature,
                                const ServiceModel& service, const Credential& known,
                                const AuthPolicy& policy, int64_t now_s) {
  const bool s3 = is_s3(service);
  CHECK_OK(check_time(signature, service, now_s));
  CHECK_OK(check_signed_headers(request, signature, service));
  CHECK_OK(check_scope(request, signature, service, policy));
  // Elsewhere the body itself is hashed, whatever a header says.
  const auto payload = s3 ? s3_payload_hash(request) : hex_encode(sha256(request.body));
  if (s3) CHECK_OK(check_payload_name(request, signature, payload));
  auto verified = verify_signature(request, signature, known.secret, payload,
                                   s3 ? PathStyle::kPlain : PathStyle::kNormalized);
  if (!verified.matches) {
    return refuse(service, AuthFault::kMismatch, "",
                  {{"AWSAccessKeyId", signature.access_key},
                   {"StringToSign", std::move(verified.string_to_sign)}});
  }
  if (!constant_time_equal(known.session_token, signature.session_token))
    return refuse(service, AuthFault::kTokenInvalid);
  if (known.use) known.use->note(now_s, service.signing_name, signature.region);
  Authenticated out{known.identity, std::move(verified.chunks)};
  out.identity.access_key = signature.access_key;
  return out;
}

// Null: a key that nobody knows here, in relaxed mode.
ApiResult<std::shared_ptr<const Credential>> find_key(const http::Request& request,
                                                      const Signature& signature,
                                                      const ServiceModel& service,
                                                      CredentialSource* credentials,
                                                      const AuthPolicy& policy) {
  const bool strict = policy.mode == AuthMode::kStrict;
  if (credentials != nullptr) {
    if (auto known = credentials->find(signature.access_key)) return known;
  }
  if (strict && signature.access_key == kWellKnownKey && is_loopback(request.remote_address)) {
    return std::make_shared<const Credential>(
        Credential{std::string(kWellKnownKey), "", administrator(policy), nullptr});
  }
  if (!strict && !is_ours(signature.access_key)) return nullptr;
  return refuse(service,
                signature.access_key.starts_with(kSessionKeyPrefix) ? AuthFault::kTokenExpired
                                                                    : AuthFault::kUnknownKey,
                "", {{"AWSAccessKeyId", signature.access_key}});
}

Identity administrator_of(const Signature& signature, const AuthPolicy& policy) {
  auto out = administrator(policy);
  out.access_key = signature.access_key;
  return out;
}

}  // namespace

std::string s3_payload_hash(const http::Request& request) {
  if (const auto given = request.headers.get("x-amz-content-sha256"); !given.empty())
    return std::string(given);
  const auto query = parse_query(request.query());
  const auto* given = find_parameter(query, "X-Amz-Content-Sha256");
  return given && !given->value.empty() ? given->value : std::string(kUnsignedPayload);
}

bool is_loopback(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
  return address == "::1" || address.starts_with("127.");
}

ApiResult<Authenticated> authenticate(const http::Request& request, const Signature* signature,
                                      const ServiceModel& service, CredentialSource* credentials,
                                      const Clock& clock, const AuthPolicy& policy) {
  const bool strict = policy.mode == AuthMode::kStrict;
  if (!signature) {
    if (!strict) return Authenticated{administrator(policy), std::nullopt};
    const auto scheme = request.headers.get("authorization");
    if (!is_s3(service) || !scheme.empty()) return refuse(service, AuthFault::kUnsigned);
    return Authenticated{nobody(), std::nullopt};
  }
  const bool v2 = signature->version == Signature::Version::k2;
  if (v2 && !is_s3(service))
    return refuse(service, AuthFault::kAlgorithm, std::string(kVersion2Refused));
  const int64_t now_s = clock.now_ms() / 1000;
  TRY(const auto known, find_key(request, *signature, service, credentials, policy));
  if (known && v2) return verify_v2(request, *signature, service, *known, now_s);
  if (known) return verify(request, *signature, service, *known, policy, now_s);
  // A presigned URL says itself until when it is good: no secret is needed to hold it to that.
  if (v2) {
    CHECK_OK(check_expiry_v2(*signature, service, now_s));
  } else if (signature->form == Signature::Form::kQuery && signature->has_expires) {
    CHECK_OK(check_time(*signature, service, now_s));
  }
  return Authenticated{administrator_of(*signature, policy), std::nullopt};
}

ApiResult<Identity> authenticate_form(const http::Request& head, const Signature* signature,
                                      std::string_view policy_field, const ServiceModel& service,
                                      CredentialSource* credentials, const Clock& clock,
                                      const AuthPolicy& policy) {
  if (!signature) return policy.mode == AuthMode::kStrict ? nobody() : administrator(policy);
  TRY(const auto known, find_key(head, *signature, service, credentials, policy));
  if (!known) return administrator_of(*signature, policy);
  const bool v2 = signature->version == Signature::Version::k2;
  if (!v2) CHECK_OK(check_scope(head, *signature, service, policy));
  const auto expected = v2 ? base64_encode(hmac_sha1(known->secret, policy_field))
                           : sign_string(signing_key(known->secret, signature->date,
                                                     signature->region, signature->service),
                                         policy_field);
  if (!constant_time_equal(expected, signature->signature)) {
    return refuse(service, AuthFault::kMismatch, "",
                  {{"AWSAccessKeyId", signature->access_key}, {"StringToSign", policy_field}});
  }
  if (!constant_time_equal(known->session_token, signature->session_token))
    return refuse(service, AuthFault::kTokenInvalid);
  if (known->use) {
    known->use->note(clock.now_ms() / 1000, service.signing_name,
                     v2 ? "us-east-1" : signature->region);
  }
  auto out = known->identity;
  out.access_key = signature->access_key;
  return out;
}

}  // namespace dew::aws
