#include "base/ids.h"

#include <sys/random.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace dew {

namespace {

// A per-thread block of kernel randomness: one system call per 4 KB instead of one per id.
class Pool {
 public:
  void take(unsigned char* out, size_t count) {
    while (count > 0) {
      if (next_ == sizeof buffer_) refill();
      *out++ = buffer_[next_];
      buffer_[next_++] = 0;
      --count;
    }
  }

 private:
  void refill() {
    size_t have = 0;
    while (have < sizeof buffer_) {
      const ssize_t got = getrandom(buffer_ + have, sizeof buffer_ - have, 0);
      if (got > 0) have += static_cast<size_t>(got);
    }
    next_ = 0;
  }

  unsigned char buffer_[4096];
  size_t next_ = sizeof buffer_;
};

thread_local Pool pool;

constexpr std::string_view kHex = "0123456789abcdef";

std::string pick(std::string_view alphabet, size_t length) {
  std::string out(length, '\0');
  const size_t limit = 256 - 256 % alphabet.size();  // keeps the choice uniform
  for (char& c : out) {
    unsigned char byte;
    do pool.take(&byte, 1);
    while (byte >= limit);
    c = alphabet[byte % alphabet.size()];
  }
  return out;
}

}  // namespace

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  pool.take(reinterpret_cast<unsigned char*>(out.data()), count);
  return out;
}

std::string random_hex(size_t digits) {
  std::string out(digits, '\0');
  for (size_t i = 0; i < digits; i += 2) {
    unsigned char byte;
    pool.take(&byte, 1);
    out[i] = kHex[byte >> 4];
    if (i + 1 < digits) out[i + 1] = kHex[byte & 15];
  }
  return out;
}
std::string random_alnum(size_t length) {
  return pick("abcdefghijklmnopqrstuvwxyz0123456789", length);
}
std::string random_upper_alnum(size_t length) {
  return pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length);
}

std::string uuid_v4() {
  unsigned char bytes[16];
  pool.take(bytes, sizeof bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string out;
  out.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15];
  }
  return out;
}

}  // namespace dew
