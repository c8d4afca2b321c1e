#include "base/digest.h"

#include <openssl/evp.h>

#include <array>

namespace dew {

namespace {

// Slicing by eight (Kounavis and Berry, 2005): eight bytes at a time through eight tables.
template <class Word>
using Tables = std::array<std::array<Word, 256>, 8>;

template <class Word>
consteval Tables<Word> make_tables(Word reflected_polynomial) {
  Tables<Word> out{};
  for (size_t i = 0; i < 256; ++i) {
    Word word = static_cast<Word>(i);
    for (int bit = 0; bit < 8; ++bit)
      word = (word & 1) != 0 ? (word >> 1) ^ reflected_polynomial : word >> 1;
    out[0][i] = word;
  }
  for (size_t slice = 1; slice < 8; ++slice) {
    for (size_t i = 0; i < 256; ++i) {
      const Word before = out[slice - 1][i];
      out[slice][i] = (before >> 8) ^ out[0][before & 255];
    }
  }
  return out;
}

constexpr Tables<uint32_t> kCrc32Tables = make_tables<uint32_t>(0xEDB88320U);
constexpr Tables<uint32_t> kCrc32cTables = make_tables<uint32_t>(0x82F63B78U);
// CRC-64/NVME of the NVM Express base specification, section "64b CRC".
constexpr Tables<uint64_t> kCrc64Tables = make_tables<uint64_t>(0x9A6C9329AC4BC9B5ULL);

template <class Word>
Word extend(const Tables<Word>& tables, Word crc, std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  crc = static_cast<Word>(~crc);
  while (left >= 8) {
    uint64_t eight = 0;
    __builtin_memcpy(&eight, at, 8);  // little-endian, as every machine that we build for
    eight ^= crc;
    crc = tables[7][eight & 255] ^ tables[6][eight >> 8 & 255] ^ tables[5][eight >> 16 & 255] ^
          tables[4][eight >> 24 & 255] ^ tables[3][eight >> 32 & 255] ^
          tables[2][eight >> 40 & 255] ^ tables[1][eight >> 48 & 255] ^ tables[0][eight >> 56];
    at += 8;
    left -= 8;
  }
  for (; left > 0; --left, ++at) crc = (crc >> 8) ^ tables[0][(crc ^ *at) & 255];
  return static_cast<Word>(~crc);
}

std::string big_endian(uint64_t value, size_t bytes) {
  std::string out(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
  return out;
}

const EVP_MD* algorithm(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return EVP_md5();
    case DigestKind::kSha1:
      return EVP_sha1();
    case DigestKind::kSha256:
      return EVP_sha256();
    default:
      return nullptr;
  }
}

}  // namespace

struct Digest::Openssl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Openssl() = default;
  Openssl(const Openssl&) = delete;
  ~Openssl() { EVP_MD_CTX_free(context); }
};

Digest::Digest(DigestKind kind) : kind_(kind) {
  if (const EVP_MD* md = algorithm(kind)) {
    openssl_ = std::make_unique<Openssl>();
    EVP_DigestInit_ex(openssl_->context, md, nullptr);
  }
}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

void Digest::update(std::string_view bytes) {
  switch (kind_) {
    case DigestKind::kCrc32:
      crc_ = extend<uint32_t>(kCrc32Tables, static_cast<uint32_t>(crc_), bytes);
      break;
    case DigestKind::kCrc32c:
      crc_ = extend<uint32_t>(kCrc32cTables, static_cast<uint32_t>(crc_), bytes);
      break;
    case DigestKind::kCrc64Nvme:
      crc_ = extend<uint64_t>(kCrc64Tables, crc_, bytes);
      break;
    default:
      EVP_DigestUpdate(openssl_->context, bytes.data(), bytes.size());
  }
}

std::string Digest::finish() {
  if (!openssl_) {
    return big_endian(std::exchange(crc_, 0), kind_ == DigestKind::kCrc64Nvme ? 8 : 4);
  }
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_DigestFinal_ex(openssl_->context, reinterpret_cast<unsigned char*>(out.data()), &size);
  EVP_DigestInit_ex(openssl_->context, algorithm(kind_), nullptr);
  out.resize(size);
  return out;
}

std::string digest(DigestKind kind, std::string_view bytes) {
  Digest out(kind);
  out.update(bytes);
  return out.finish();
}

}  // namespace dew
