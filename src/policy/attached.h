// AttachedPolicies: what is attached to a user or a role, compiled. IAM makes it, whoever
// authorizes keeps it. Immutable once shared.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace dew::policy {

struct AttachedPolicies {
  std::string arn;  // of the user or role
  std::string id;   // AIDA… or AROA…: a name that is used again is another principal
  std::string name;
  std::vector<PolicyPtr> identity;          // inline and managed
  std::vector<std::string> identity_names;  // of the same
  PolicyPtr boundary;                       // null: none
  std::string boundary_arn;
  PolicyPtr trust;                                       // of a role
  std::map<std::string, std::string, std::less<>> tags;  // keys in lower case
};
using AttachedPtr = std::shared_ptr<const AttachedPolicies>;

}  // namespace dew::policy
