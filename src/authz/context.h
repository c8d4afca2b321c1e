// RequestContext: the condition keys of one check: the service's own, and the global ones.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
//
// Lives for one evaluation, on one thread.
#pragma once

#include <optional>

#include "authz/rule.h"
#include "base/clock.h"
#include "policy/attached.h"
#include "policy/principal.h"

namespace dew::authz {

// Who asks, as far as the keys tell.
struct Caller {
  policy::Principal principal;
  policy::AttachedPtr attached;  // null: the root, a service, nobody, or a principal that is gone
  std::string name;              // a user's
};

class RequestContext final : public policy::Context {
 public:
  RequestContext(const Scope& scope, const Caller& caller, const Clock& clock)
      : scope_(scope), caller_(caller), clock_(clock) {}

  void about(const Check& check) {
    check_ = &check;
    tags_.reset();
  }
  bool get(std::string_view key, policy::Values& out) const override;

 private:
  bool global(std::string_view key, policy::Values& out) const;
  bool about_caller(std::string_view key, policy::Values& out) const;
  bool about_request(std::string_view key, policy::Values& out) const;
  bool about_resource(std::string_view key, policy::Values& out) const;

  const Scope& scope_;
  const Caller& caller_;
  const Clock& clock_;
  const Check* check_ = nullptr;
  mutable std::optional<Tags> tags_;  // of the check's resource, once asked for
};

// The tags that a request brings, wherever its service has them.
std::vector<std::pair<std::string, std::string>> request_tags(const json::Object& input);

}  // namespace dew::authz
