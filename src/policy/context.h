// Context: what is known about a request while policies are evaluated: the condition keys and their
// values. The asking side implements it, and works a value out only when a policy asks for it.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dew::policy {

using Values = std::vector<std::string>;

// Thread-safe as far as its implementation is; evaluation calls it on the evaluating thread alone.
class Context {
 public:
  virtual ~Context() = default;
  // Appends the values of a key to `out`, and says whether the request has the key at all. `key` is
  // in lower case, as keys are compared without regard to case: "aws:username",
  // "aws:principaltag/team".
  virtual bool get(std::string_view key, Values& out) const = 0;
};

}  // namespace dew::policy
