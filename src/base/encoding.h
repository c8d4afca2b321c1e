// Encodings and digests that more than one folder needs. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dew {

std::string hex_encode(std::string_view bytes);  // lower case

std::string base64_encode(std::string_view bytes);  // RFC 4648 section 4, padded
// Strict: padding required, no white space. nullopt when malformed.
std::optional<std::string> base64_decode(std::string_view text);

// RFC 3986 percent-encoding as AWS signs it: everything but A-Z a-z 0-9 - _ . ~; '/' kept if asked.
enum class Slash { kEncode, kKeep };
std::string url_encode(std::string_view text, Slash slash = Slash::kEncode);
// nullopt on a malformed escape. '+' becomes a space only where asked (form encoding).
enum class Plus { kLiteral, kSpace };
std::optional<std::string> url_decode(std::string_view text, Plus plus = Plus::kLiteral);

std::string md5(std::string_view bytes);                                // 16 raw bytes
std::string sha1(std::string_view bytes);                               // 20 raw bytes
std::string sha256(std::string_view bytes);                             // 32 raw bytes
std::string hmac_sha1(std::string_view key, std::string_view bytes);    // 20 raw bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
bool constant_time_equal(std::string_view a, std::string_view b);

bool is_valid_utf8(std::string_view text);

}  // namespace dew
