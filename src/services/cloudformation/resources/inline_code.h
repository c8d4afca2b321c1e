// The archive that CloudFormation makes of a function's inline code (Code: ZipFile).
#pragma once

#include <string>
#include <string_view>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

// A zip with `source` as index.js for Node.js or index.py for Python, and the module cfn-response
// or cfnresponse where it is mentioned; other runtimes have no inline code.
ApiResult<std::string> zip_inline_code(std::string_view runtime, std::string_view source);

}  // namespace dew::cloudformation
