// evaluate: all the policies that apply to a request, weighed as AWS weighs them, and why the
// answer is what it is.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
//
// Pure functions, thread-safe. Nothing is allocated but what conditions ask of the context.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace dew::policy {

// The policies that apply. Views: whoever gathers them keeps them.
struct Policies {
  std::span<const PolicyPtr> identity;
  const Policy* boundary = nullptr;  // null: none is set
  std::span<const PolicyPtr> session;
  bool in_session_policies = false;  // the session was given policies, be it none that allows
  const Policy* resource = nullptr;  // null: the resource has none
  // A role's trust policy must itself allow, whatever the others say.
  enum class ResourceRule { kUsual, kMustAllow } rule = ResourceRule::kUsual;
};

// Which kind of policy decided.
enum class Source { kNone, kIdentity, kResource, kBoundary, kSession, kTrust };

struct Decision {
  enum class Outcome { kAllowed, kExplicitDeny, kImplicitDeny };
  Outcome outcome = Outcome::kImplicitDeny;
  Source source = Source::kNone;
  bool allowed() const { return outcome == Outcome::kAllowed; }
};

// `resource_account`: who owns the resource. The root of that account needs no identity policy.
Decision evaluate(const Request& request, const Policies& policies,
                  std::string_view resource_account);

// AWS's words: "User: ARN is not authorized to perform: ACTION on resource: RESOURCE because no
// identity-based policy allows the ACTION action". `resource` is left out when empty.
// docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
std::string denial_message(const Decision& decision, std::string_view principal_arn,
                           std::string_view action, std::string_view resource);

}  // namespace dew::policy
