#include "services/ssm/seal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/encoding.h"
#include "base/ids.h"

namespace dew::ssm {

namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr std::string_view kPrefix = "dew:1:";

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<Error> io_error(std::string_view what, const std::string& path) {
  return fail(ErrorKind::kIo, fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

// Whole and on disk before the name appears: a key that a power loss took away would take every
// secret with it.
Result<std::string> create_key(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::kIo,
                fmt::format("Cannot create {}: {}", folder.string(), error.message()));
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  auto key = random_bytes(kKeyBytes);
  const auto draft = fmt::format("{}.{}", path, random_hex(8));
  {
    const File file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.open()) return io_error("Cannot create", draft);
    if (::write(file.fd(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
        ::fsync(file.fd()) != 0) {
      return io_error("Cannot write", draft);
    }
  }
  // link() and not rename(): whoever came first keeps its key.
  const int linked = ::link(draft.c_str(), path.c_str());
  const bool lost = linked != 0 && errno == EEXIST;
  ::unlink(draft.c_str());
  if (linked != 0 && !lost) return io_error("Cannot create", path);
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.open()) ::fsync(directory.fd());
  if (lost) return std::string();
  return key;
}

Result<std::string> read_key(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return io_error("Cannot open", path);
  std::string key(kKeyBytes + 1, '\0');
  const ssize_t got = ::read(file.fd(), key.data(), key.size());
  if (got != static_cast<ssize_t>(kKeyBytes)) {
    return fail(ErrorKind::kIo, fmt::format("{} is not a key of {} bytes", path, kKeyBytes));
  }
  key.resize(kKeyBytes);
  return key;
}

}  // namespace

Result<std::string> Sealer::key(Missing missing) {
  const std::scoped_lock lock(mutex_);
  if (!key_.empty()) return key_;
  std::error_code error;
  if (!std::filesystem::exists(key_file_, error)) {
    if (missing == Missing::kFail) {
      return fail(ErrorKind::kIo,
                  fmt::format("The key of the SecureString parameters, {}, is missing", key_file_));
    }
    TRY(key_, create_key(key_file_));
    if (!key_.empty()) return key_;
  }
  TRY(key_, read_key(key_file_));
  return key_;
}

Result<std::string> Sealer::seal(std::string_view name, std::string_view plain) {
  TRY(const auto key, this->key(Missing::kCreate));
  const auto nonce = random_bytes(kNonceBytes);
  std::string out = nonce;
  out.resize(kNonceBytes + plain.size() + kTagBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int written = 0;
  int rest = 0;
  if (!cipher ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes(name),
                        static_cast<int>(name.size())) != 1 ||
      EVP_EncryptUpdate(cipher.get(), bytes(out) + kNonceBytes, &written, bytes(plain),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), bytes(out) + kNonceBytes + written, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          bytes(out) + kNonceBytes + plain.size()) != 1) {
    return fail(ErrorKind::kInternal, "A SecureString could not be sealed");
  }
  return std::string(kPrefix) + base64_encode(out);
}

Result<std::string> Sealer::unseal(std::string_view name, std::string_view sealed) {
  TRY(const auto key, this->key(Missing::kFail));
  std::optional<std::string> raw;
  if (sealed.starts_with(kPrefix)) raw = base64_decode(sealed.substr(kPrefix.size()));
  if (!raw || raw->size() < kNonceBytes + kTagBytes)
    return fail(ErrorKind::kIo, "A stored SecureString is damaged");
  const size_t length = raw->size() - kNonceBytes - kTagBytes;
  std::string out(length, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int written = 0;
  int rest = 0;
  if (!cipher ||
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(*raw)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes(name),
                        static_cast<int>(name.size())) != 1 ||
      EVP_DecryptUpdate(cipher.get(), bytes(out), &written, bytes(*raw) + kNonceBytes,
                        static_cast<int>(length)) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes,
                          bytes(*raw) + kNonceBytes + length) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), bytes(out) + written, &rest) != 1) {
    return fail(
        ErrorKind::kIo,
        "A SecureString could not be unsealed: it is damaged, or was sealed under another key");
  }
  return out;
}

}  // namespace dew::ssm
