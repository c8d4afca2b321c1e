// Random UUIDs (RFC 9562, version 4) from the kernel's generator.
#pragma once

#include <string>
#include <string_view>

namespace dew {

std::string uuid4();
bool is_uuid(std::string_view text);  // 8-4-4-4-12 hex digits, any version

}  // namespace dew
