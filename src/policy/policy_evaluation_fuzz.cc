// Properties, with two policies made of the input's halves: a Deny of everything denies whatever
// they say; without any policy nothing is allowed; and another policy never takes an explicit deny
// away.
#include <cstdlib>

#include "policy/evaluate.h"

namespace {

using namespace dew::policy;  // NOLINT

// The keys that the input itself names, so that conditions are met now and then.
struct InputKeys final : dew::policy::Context {
  explicit InputKeys(std::string_view text_) : text(text_) {}
  bool get(std::string_view key, Values& out) const override {
    const auto at = text.find(key);
    if (at == std::string_view::npos) return false;
    out.emplace_back(text.substr(at, 12));
    return true;
  }
  std::string_view text;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kDenyAll = *Policy::parse(
      R"({"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})", Kind::kIdentity);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto half = text.find('\n');
  if (half == std::string_view::npos) return 0;
  const auto identity = Policy::parse(text.substr(0, half), Kind::kIdentity);
  const auto resource = Policy::parse(text.substr(half + 1), Kind::kResource);
  if (!identity && !resource) return 0;
  const InputKeys context(text);
  const Principal user{.kind = Principal::Kind::kUser,
                       .account = "000000000000",
                       .arn = "arn:aws:iam::000000000000:user/u",
                       .role_arn = {}};
  const Request request{user, "s3:GetObject", "arn:aws:s3:::b/k", context};
  std::vector<PolicyPtr> set;
  if (identity) set.push_back(*identity);
  Policies policies{.identity = set, .session = {}};
  policies.resource = resource ? resource->get() : nullptr;
  const auto decision = evaluate(request, policies, user.account);
  if (denial_message(decision, user.arn, request.action, request.resource).empty()) std::abort();
  if (evaluate(request, {.identity = {}, .session = {}}, user.account).allowed()) std::abort();
  set.push_back(kDenyAll);
  policies.identity = set;
  if (evaluate(request, policies, user.account).allowed()) std::abort();
  const std::vector<PolicyPtr> deny = {kDenyAll};
  policies.identity = std::span(set).first(set.size() - 1);
  policies.session = deny;
  if (evaluate(request, policies, user.account).allowed()) std::abort();
  return 0;
}
