// Principal: who asks, as policies see it. PrincipalElement: a statement's Principal or
// NotPrincipal, compiled.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
//
// Plain values; immutable once made, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace dew::policy {

struct Principal {
  enum class Kind { kRoot, kUser, kRoleSession, kService, kAnonymous };
  Kind kind = Kind::kAnonymous;
  std::string account;   // empty for a service
  std::string arn;       // a user's, a session's, the root's; a service's name
  std::string role_arn;  // of a role session
  bool bounded = false;  // has a permissions boundary
};

// How directly a resource's policy names a principal, which decides what else can limit the grant
// (reference_policies_evaluation-logic_policy-eval-basics.html, the table of implicit denies).
enum class Grant {
  kNone,
  kAccount,  // the principal's account: delegates to its identity policies
  kRole,     // the session's role: boundaries and session policies still limit it
  kDirect,   // the user, the session, the service, or everyone
};

class PrincipalElement {
 public:
  enum class Sense { kPrincipal, kNotPrincipal };

  PrincipalElement() = default;
  // `element` has passed the grammar's check.
  PrincipalElement(const json::Value& element, Sense sense);

  // kNone: the statement does not apply. `denies`: the statement's effect is Deny.
  Grant applies(const Principal& who, bool denies) const;

 private:
  bool names(std::string_view arn) const;
  Grant listed(const Principal& who) const;

  Sense sense_ = Sense::kPrincipal;
  bool everyone_ = false;
  std::vector<std::string> accounts_;
  std::vector<std::string> arns_;
  std::vector<std::string> services_;
};

}  // namespace dew::policy
