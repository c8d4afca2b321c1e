// Who sends a request, and whether its signature proves it.
//
// A request signed with a key that the credential source knows is verified in full, whatever the
// mode: signature, time, scope, session token, and that everything which must be signed is. The two
// modes differ in what happens to the others:
//
//   relaxed   A key that nobody knows here, the well-known key `test`, and no signature at all act
//             as the account's administrator. For the loopback address only.
//   strict    An unknown key is refused, and so is an unsigned request, except for one to S3: that
//             one is anonymous, and a bucket policy decides. The key `test` is the administrator's
//             for peers on the loopback address, and its secret is `test`.
//
// A key that this cloud once issued and that has been deleted, deactivated or has expired never
// becomes the administrator's: keys of ours are known by their beginning (credentials.h).
//
// Reads the head alone, and the body of services other than S3. An S3 body is checked as it is read
// (payload.h), with what `Authenticated` says. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/credentials.h"
#include "aws/model.h"
#include "aws/sigv4.h"
#include "base/clock.h"
#include "net/http.h"

namespace dew::aws {

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html: requests are good for 5 to 15
// minutes.
inline constexpr int64_t kMaxClockSkew_s = 15 * 60;

enum class AuthMode { kRelaxed, kStrict };

struct AuthPolicy {
  AuthMode mode = AuthMode::kRelaxed;
  std::string account = "000000000000";
  std::string region = "us-east-1";  // strict: what a credential's scope must name
};

struct Authenticated {
  Identity identity;
  // Set: the signature was verified, and an S3 body must be the one that it covers.
  std::optional<ChunkSigning> signing;
};

ApiResult<Authenticated> authenticate(const http::Request& request, const Signature* signature,
                                      const ServiceModel& service, CredentialSource* credentials,
                                      const Clock& clock, const AuthPolicy& policy);

// The same for a browser's upload, whose signature is a field of the form and covers another one:
// `policy_field`, as it was sent. Until when it is good, that policy says.
// docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
ApiResult<Identity> authenticate_form(const http::Request& head, const Signature* signature,
                                      std::string_view policy_field, const ServiceModel& service,
                                      CredentialSource* credentials, const Clock& clock,
                                      const AuthPolicy& policy);

// What x-amz-content-sha256 says of an S3 request's body; a presigned URL may leave it out.
std::string s3_payload_hash(const http::Request& request);

// 127.0.0.0/8 and ::1, also mapped into IPv6.
bool is_loopback(std::string_view address);

}  // namespace dew::aws
