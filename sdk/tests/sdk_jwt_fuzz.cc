// Nothing but a token signed with the key is accepted: a random one never is.
#include <dew/jwt.h>

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string secret = "a-secret-of-at-least-thirty-two-bytes";
  static const auto verifier = dew::jwt::Verifier::hs256(secret);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (verifier.verify(text, 1000)) std::abort();
  // What is signed with the key verifies, whatever the claims.
  const dew::json::object claims{{"exp", 2000}, {"x", size}};
  const std::string token = dew::jwt::sign_hs256(claims, secret);
  if (!verifier.verify(token, 1000)) std::abort();
  std::string changed = token;
  if (size > 0) {
    changed[data[0] % changed.size()] ^= static_cast<char>(1U << (size % 7));
    if (changed != token && verifier.verify(changed, 1000)) std::abort();
  }
  return 0;
}
