#include <dew/uuid.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace dew {
namespace {

// Fetched sixteen at a time: one system call costs more than the rest.
struct Entropy {
  std::array<uint8_t, 256> bytes{};
  size_t used = 256;

  const uint8_t* take16() {
    if (used + 16 > bytes.size()) {
      size_t have = 0;
      while (have < bytes.size()) {
        const ssize_t n = getrandom(bytes.data() + have, bytes.size() - have, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw std::system_error(errno, std::generic_category(), "getrandom");
        have += static_cast<size_t>(n);
      }
      used = 0;
    }
    used += 16;
    return bytes.data() + used - 16;
  }
};

}  // namespace

std::string uuid4() {
  static constexpr char kDigits[] = "0123456789abcdef";
  thread_local Entropy entropy;
  const uint8_t* random = entropy.take16();
  std::string out(36, '-');
  size_t at = 0;
  for (size_t i = 0; i < 16; ++i) {
    uint8_t byte = random[i];
    if (i == 6) byte = static_cast<uint8_t>((byte & 0x0f) | 0x40);
    if (i == 8) byte = static_cast<uint8_t>((byte & 0x3f) | 0x80);
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    out[at++] = kDigits[byte >> 4];
    out[at++] = kDigits[byte & 15];
  }
  return out;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
    } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
      return false;
    }
  }
  return true;
}

}  // namespace dew
