// Sources: what authorizing asks of the services, each of which is joined to it in src/cloud.
// Thread-safe; asked on io threads, so every answer comes from memory, or is kept here until
// version() changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/attached.h"

namespace dew::authz {

using Tags = std::vector<std::pair<std::string, std::string>>;

class Sources {
 public:
  virtual ~Sources() = default;

  // Another one after every change of a user, a role or a policy, in no other cloud the same.
  virtual uint64_t version() const = 0;
  // Null: no such principal.
  virtual policy::AttachedPtr user(std::string_view name) const = 0;
  virtual policy::AttachedPtr role(std::string_view name) const = 0;

  // Empty: no such group.
  virtual std::string group_arn(std::string_view name) const = 0;

  // Null: it has none, or does not exist.
  virtual policy::PolicyPtr bucket_policy(std::string_view bucket) const = 0;
  // Its policy is public, and its public access block keeps everybody else out all the same.
  virtual bool restricts_public_access(std::string_view bucket) const = 0;
  virtual policy::PolicyPtr function_policy(std::string_view name,
                                            std::string_view qualifier) const = 0;

  // The name of a table's or an index's partition key; empty: no such table or index.
  virtual std::string partition_key(std::string_view table, std::string_view index) const = 0;

  // Of the resource that an ARN names, for a policy that asks for them; reads the store. `version`:
  // of an S3 object, empty for the newest.
  virtual Tags tags(std::string_view arn, std::string_view version) const = 0;

  // The ARN of the deployment group that a CodeDeploy deployment belongs to; empty: no such
  // deployment. The one answer that is looked up in the store.
  virtual std::string deployment_group_arn(std::string_view /*deployment_id*/) const { return {}; }
};

}  // namespace dew::authz
