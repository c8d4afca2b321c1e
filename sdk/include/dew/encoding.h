// Base64 (RFC 4648), hex and percent encoding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dew {

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);     // strict: padding, alphabet
std::string base64url_encode(std::string_view bytes);                // without padding
std::optional<std::string> base64url_decode(std::string_view text);  // without padding, canonical
std::string hex_encode(std::string_view bytes);
std::string percent_encode(std::string_view text,
                           bool keep_slash = false);   // RFC 3986 unreserved stay
std::string percent_decode(std::string_view text);     // malformed escapes stay as they are
bool iequals(std::string_view a, std::string_view b);  // ASCII, case-insensitive

}  // namespace dew
