// Who sends a request. In the relaxed mode, the default on the local machine, a request signed with
// a key that the credential source knows acts as that key's identity, and its signature, date and
// session token are verified; any other request, signed with an unknown key or not at all, acts as
// the account's root. Pure but for the credential source; thread-safe.
#pragma once

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

ApiResult<Identity> authenticate(const http::Request& request, const Signature* signature,
                                 const ServiceModel& service, CredentialSource* credentials,
                                 const Clock& clock, std::string_view account);

}  // namespace dew::aws
