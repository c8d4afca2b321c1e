// Properties: a document that is accepted is accepted again after being printed, and both readings
// say the same about a request and about the public; statements stand one after the other.
#include <cstdlib>

#include "policy/evaluate.h"
#include "policy/inspect.h"
#include "policy/public_access.h"

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
  // What is said of any text: its statements stand one after the other.
  dew::policy::Place last;
  for (const auto& one : dew::policy::statement_extents(text)) {
    const auto before = [](const auto& a, const auto& b) {
      return a.line < b.line || (a.line == b.line && a.column <= b.column);
    };
    if (!before(last, one.begin) || !before(one.begin, one.end)) std::abort();
    last = one.end;
  }
  const dew::policy::Request request{principal, "s3:GetObject", "arn:aws:s3:::b/k", context};
  for (const auto kind : {Kind::kIdentity, Kind::kTrust, Kind::kResource}) {
    const auto once = Policy::parse(text, kind);
    if (!once) continue;
    const auto printed = dew::json::dump(*dew::json::parse(text));
    const auto again = Policy::parse(printed, kind);
    if (!again) std::abort();
    if (dew::policy::grants_public_access(text) != dew::policy::grants_public_access(printed))
      std::abort();
    if (kind == Kind::kIdentity && !dew::policy::context_keys(text)) std::abort();
    const auto a = (*once)->evaluate(request);
    const auto b = (*again)->evaluate(request);
    if (a.denies != b.denies || a.allows != b.allows) std::abort();
  }
  return 0;
}
