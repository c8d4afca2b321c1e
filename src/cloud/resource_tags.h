// resource_tags: the tags of whatever an ARN names, asked of the service whose it is through the
// operation that lists them. For conditions on tags; nobody is asked whether they may be listed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/registry.h"

namespace dew::cloud {

// Empty: it has none, or does not exist. `version`: of an object; empty for the newest.
std::vector<std::pair<std::string, std::string>> resource_tags(const aws::Registry& registry,
                                                               std::string_view arn,
                                                               std::string_view version);

}  // namespace dew::cloud
