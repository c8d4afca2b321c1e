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

#include "aws/credentials.h"
#include "policy/attached.h"
#include "services/context.h"

namespace dew::iam {

struct State;

class Service {
 public:
  explicit Service(const services::Context& context);
  ~Service();

  void register_operations(aws::Registry& registry);

  // From memory, without a lock where nothing has changed since the thread asked last: the secret
  // behind a user's access key; null when there is none, or it is inactive. The cloud hands this to
  // sts, which answers for every kind of key.
  std::shared_ptr<const aws::Credential> find_access_key(std::string_view access_key_id) const;

  // Another one after every change of a user, a role or a policy, in no other cloud the same: what
  // the look-ups below gave may be kept as long as it stays.
  uint64_t version() const;
  // What is attached to them, compiled; null: no such principal. Reads the store.
  policy::AttachedPtr attached_to_user(std::string_view name) const;
  policy::AttachedPtr attached_to_role(std::string_view name) const;
  std::string group_arn(std::string_view name) const;  // empty: no such group

 private:
  std::unique_ptr<State> state_;
};

}  // namespace dew::iam
