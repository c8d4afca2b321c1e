// The files that AWS's tools keep profiles in: ~/.aws/config and ~/.aws/credentials.
// docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dew::cli {

using ProfileSettings = std::map<std::string, std::string>;  // keys in lower case
using Profiles = std::map<std::string, ProfileSettings>;     // by name

// kConfig: profiles are headed [profile NAME] or [default]; other sections are not profiles.
// kCredentials: [NAME]. Indented lines belong to a nested setting and are left out.
enum class ProfileFile { kConfig, kCredentials };
Profiles parse_profiles(std::string_view text, ProfileFile file);

// Both files together, the credentials file's settings first; AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE name others. A file that is absent has no profiles; one that is there
// and cannot be read is an error.
Result<Profiles> load_profiles();

}  // namespace dew::cli
