// Plan: what an operation would change, without changing it: the content of a change set, and the
// answer to whether there is anything to update. What depends on resources that do not exist yet,
// or will be replaced, is unknown and counts as changed. Pure: it only reads.
#pragma once

#include "services/cloudformation/blueprint.h"

namespace dew::cloudformation {

struct Plan {
  json::Array changes;  // as DescribeChangeSet gives them
  bool other = false;   // outputs or tags change, while no resource does
  bool empty() const { return changes.empty() && !other; }
};

// Sets the blueprint's `ref` and `get_att`.
ApiResult<Plan> make_plan(Blueprint& blueprint, const Stack& stack,
                          const std::map<std::string, ResourceState>& resources,
                          const json::Array& tags);

}  // namespace dew::cloudformation
