// Seals SecureString values at rest: AES-256-GCM under a key of this data directory.
//
// The key is 32 random bytes in a file of mode 0600, made on first use. Sealed text is
// "dew:1:" + base64(nonce (12) + ciphertext + tag (16)); the parameter's name is authenticated with
// it, so that a sealed value cannot be moved to another parameter. NIST SP 800-38D;
// docs/formats/ssm.md. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dew::ssm {

class Sealer {
 public:
  explicit Sealer(std::string key_file) : key_file_(std::move(key_file)) {}

  Result<std::string> seal(std::string_view name, std::string_view plain);
  Result<std::string> unseal(std::string_view name, std::string_view sealed);

 private:
  enum class Missing { kCreate, kFail };
  Result<std::string> key(Missing missing);

  const std::string key_file_;
  std::mutex mutex_;
  std::string key_;  // empty until first used
};

}  // namespace dew::ssm
