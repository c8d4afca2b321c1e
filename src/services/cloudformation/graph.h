// The order in which a template's resources come to be: each after what it depends on, explicitly
// (DependsOn) or by reference; otherwise in the template's order. Pure functions, thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/cloudformation/intrinsics.h"

namespace dew::cloudformation {

using Dependencies = std::map<std::string, std::set<std::string>>;  // resource -> what it needs

struct Order {
  std::vector<std::string> names;  // the resources whose condition holds, in creation order
  Dependencies needs;
};

// Conditions are evaluated; a branch of Fn::If that is not taken creates no dependency. A circle is
// a ValidationError: "Circular dependency between resources: [A, B]".
ApiResult<Order> order_resources(const Template& tmpl, Evaluator& evaluator);

// A topological order of names that may depend on each other; on a circle, the rest follows in name
// order.
std::vector<std::string> sort_by_dependencies(const Dependencies& needs);

}  // namespace dew::cloudformation
