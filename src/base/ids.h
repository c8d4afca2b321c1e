// Identifiers. All are random from the kernel's generator unless the name says otherwise;
// thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace dew {

std::string uuid_v4();                          // 8-4-4-4-12 lower-case hex
std::string random_hex(size_t digits);          // lower case
std::string random_alnum(size_t length);        // a-z 0-9, as API Gateway's ids
std::string random_upper_alnum(size_t length);  // A-Z 2-7, as IAM's unique ids
std::string random_bytes(size_t count);         // cryptographically secure

}  // namespace dew
