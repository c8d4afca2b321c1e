// IAM: users, access keys, roles and policies. Documents are checked when they are stored; whoever
// enforces them reads them back through GetRole, GetRolePolicy, … or the look-ups below.
// docs.aws.amazon.com/IAM/latest/APIReference/
//
// Thread-safe: every operation holds one lock around its reads and its commit. Names are unique
// without regard to case, as on AWS. Limits are AWS's defaults (state.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "services/context.h"

namespace dew::iam {

struct State;

// The long-term secret behind an access key, for verifying signatures.
struct AccessKey {
  std::string secret;
  aws::Identity identity;
  bool active = true;
};

class Service {
 public:
  explicit Service(const services::Context& context);
  ~Service();

  void register_operations(aws::Registry& registry);

  std::optional<AccessKey> find_access_key(std::string_view access_key_id) const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace dew::iam
