// Where the command line's credentials come from: the chain that AWS's SDKs share.
//
// In this order, the first that has any: the environment (AWS_ACCESS_KEY_ID …); the profile
// (AWS_PROFILE, else "default") with keys of its own or a role to assume by way of source_profile
// or credential_source; the container's endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
// …_FULL_URI); the instance's metadata service, version 2. A profile that is named on purpose comes
// before the environment. What is known to the SDKs and not done here is refused by name.
// docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
//
// Secrets appear in no error.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/aws_profiles.h"
#include "cli/signer.h"

namespace dew::cli {

struct RoleToAssume {
  std::string arn;
  std::string session_name;
  std::string external_id;       // empty for none
  std::string duration_seconds;  // empty: STS's own
};

struct CredentialSources {
  std::string profile;         // named on purpose (--aws-profile); empty: AWS_PROFILE, else default
  std::string weaker_profile;  // for when nothing names one (provider.profile)
  // STS's AssumeRole at the destination, signed with `from`.
  std::function<Result<Credentials>(const Credentials& from, const RoleToAssume& role)> assume;
};

// kNotFound when no source has any; the message says where was looked.
Result<Credentials> find_credentials(const CredentialSources& sources);

// The same of profiles at hand: for tests.
Result<Credentials> credentials_of_profile(const Profiles& profiles, const std::string& name,
                                           const CredentialSources& sources);

}  // namespace dew::cli
