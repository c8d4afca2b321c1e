#include "cloud/gateway_authority.h"

#include <fmt/format.h>

#include "aws/auth_errors.h"
#include "base/encoding.h"

namespace dew::cloud {

namespace {

// Deployed APIs are a service of their own to a signature.
const aws::ServiceModel& execute_api() {
  static const auto kModel = [] {
    aws::ServiceModel out;
    out.name = "execute-api";
    out.signing_name = "execute-api";
    out.protocol = aws::ProtocolKind::kRestJson;
    return out;
  }();
  return kModel;
}

}  // namespace

aws::ApiResult<aws::Identity> GatewayAuthority::identify(const http::Request& request) {
  const auto signature = aws::parse_signature(request);
  if (!signature) return aws::fail(aws::auth_error(execute_api(), signature.error()));
  if (!*signature) {
    const auto header = request.headers.get("authorization");
    if (header.empty()) return aws::fail(aws::auth_error(execute_api(), aws::AuthFault::kUnsigned));
    return aws::fail("IncompleteSignatureException",
                     fmt::format("Invalid key=value pair (missing equal-sign) in Authorization "
                                 "header (hashed with SHA-256 and encoded with Base64): '{}'.",
                                 base64_encode(sha256(header))),
                     403);
  }
  TRY(auto caller,
      aws::authenticate(request, &**signature, execute_api(), credentials_, clock_, policy_));
  return std::move(caller.identity);
}

}  // namespace dew::cloud
