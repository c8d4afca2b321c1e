// SHA-256 and HMAC-SHA-256 without the cost of OpenSSL's provider lookups (about a microsecond a
// call, and milliseconds at the first one), which SigV4 would pay several times per request.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dew::crypto {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);
std::string hex(const Digest& digest);
inline std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace dew::crypto
