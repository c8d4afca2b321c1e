// gzip bodies (RFC 1952): requests that SDKs compress, and answers to clients that accept it. Pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dew::aws {

std::string gzip(std::string_view bytes);
// kInvalid when malformed or larger than `limit` once inflated.
Result<std::string> gunzip(std::string_view bytes, size_t limit);

// Whether an Accept-Encoding header allows gzip by name.
bool accepts_gzip(std::string_view accept_encoding);

uint32_t crc32_of(std::string_view bytes);

}  // namespace dew::aws
