// Property: a document that is accepted is accepted again after being printed, and both readings
// say the same about a request.
#include <cstdlib>

#include "policy/evaluate.h"

namespace {

struct Context final : dew::policy::Context {
  bool get(std::string_view key, dew::policy::Values& out) const override {
    if (key.size() % 3 == 0) return false;
    out.assign(key.size() % 3, std::string(key));
    return true;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dew::policy::Kind;
  using dew::policy::Policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Context context;
  const dew::policy::Principal principal{.kind = dew::policy::Principal::Kind::kRoleSession,
                                         .account = "000000000000",
                                         .arn = "arn:aws:sts::000000000000:assumed-role/r/s",
                                         .role_arn = "arn:aws:iam::000000000000:role/r"};
  const dew::policy::Request request{principal, "s3:GetObject", "arn:aws:s3:::b/k", context};
  for (const auto kind : {Kind::kIdentity, Kind::kTrust, Kind::kResource}) {
    const auto once = Policy::parse(text, kind);
    if (!once) continue;
    const auto printed = dew::json::dump(*dew::json::parse(text));
    const auto again = Policy::parse(printed, kind);
    if (!again) std::abort();
    const auto a = (*once)->evaluate(request);
    const auto b = (*again)->evaluate(request);
    if (a.denies != b.denies || a.allows != b.allows) std::abort();
  }
  return 0;
}
