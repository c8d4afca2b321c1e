// Who holds an access key. The sts service keeps the keys (users', assumed roles', functions'), and
// this layer asks for them when a request is signed: the interface is ours, the implementation is
// sts's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/call.h"

namespace dew::aws {

// How the keys begin that this cloud issues: users' and sessions'. Real ones of AWS's do not, but
// for one in 32,768 (both are base 32).
inline constexpr std::string_view kUserKeyPrefix = "AKIADEW";
inline constexpr std::string_view kSessionKeyPrefix = "ASIADEW";

struct Credential {
  std::string secret;
  std::string session_token;  // empty for a long-term key; else X-Amz-Security-Token must equal it
  Identity identity;          // access_key is filled by the caller of find()
};

// Thread-safe; asked on io threads once per signed request, so it must answer from memory.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // nullopt: no such key, or it is inactive or expired.
  virtual std::optional<Credential> find(std::string_view access_key) = 0;
};

// Asked before every operation, over the wire or in-process, once its input is parsed and valid.
// Thread-safe; runs on io threads. Without one, every authenticated caller may do everything.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // An ApiError (AccessDeniedException, AccessDenied) refuses the call; the operation then never
  // runs.
  virtual ApiResult<void> authorize(const Call& call) = 0;
  // The same of another operation of its service, with another input: Call::may().
  virtual ApiResult<void> authorize_as(const Call& call, std::string_view operation,
                                       const json::Object& input) = 0;
};

}  // namespace dew::aws
