// Property: a document that is accepted is accepted again after being printed.
#include <cstdlib>

#include "aws/policy_document.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dew::aws::PolicyKind;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto kind : {PolicyKind::kIdentity, PolicyKind::kTrust, PolicyKind::kResource}) {
    const auto once = dew::aws::parse_policy_document(text, kind);
    if (!once) continue;
    if (!dew::aws::parse_policy_document(dew::json::dump(*once), kind)) std::abort();
  }
  return 0;
}
