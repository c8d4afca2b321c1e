#include "services/cloudformation/graph.h"

#include <algorithm>

#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

// The value with every Fn::If replaced by the branch that is taken.
ApiResult<json::Value> choose(const json::Value& value, Evaluator& evaluator) {
  if (value.is_array()) {
    json::Array out;
    for (const auto& item : value.as_array()) {
      TRY(auto chosen, choose(item, evaluator));
      out.push_back(std::move(chosen));
    }
    return out;
  }
  if (!value.is_object()) return value;
  const auto [function, argument] = as_function(value);
  if (function == "Fn::If" && argument->is_array() && argument->as_array().size() == 3 &&
      argument->as_array()[0].is_string()) {
    TRY(const auto holds, evaluator.condition(json::view(argument->as_array()[0].as_string())));
    return choose(argument->as_array()[holds ? 1 : 2], evaluator);
  }
  json::Object out;
  for (const auto& [name, member] : value.as_object()) {
    TRY(auto chosen, choose(member, evaluator));
    out[name] = std::move(chosen);
  }
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

ApiResult<Order> order_resources(const Template& tmpl, Evaluator& evaluator) {
  Order out;
  std::vector<std::string> present;
  for (const auto& [name, resource] : tmpl.resources) {
    if (!resource.condition.empty()) {
      TRY(const auto holds, evaluator.condition(resource.condition));
      if (!holds) continue;
    }
    present.push_back(name);
    out.needs[name];
  }
  for (const auto& name : present) {
    const auto& resource = *tmpl.resource(name);
    auto& needs = out.needs[name];
    References found;
    TRY(const auto chosen, choose(resource.properties, evaluator));
    CHECK_OK(collect(chosen, found));
    const auto need = [&](const std::string& other) -> ApiResult<void> {
      if (tmpl.resource(other) == nullptr) return {};
      if (!out.needs.contains(other)) {
        return invalid(
            fmt::format("Template format error: Unresolved resource dependencies [{}] in the "
                        "Resources block of the template",
                        other));
      }
      needs.insert(other);
      return {};
    };
    for (const auto& ref : found.refs) CHECK_OK(need(ref));
    for (const auto& [other, attribute] : found.attributes) CHECK_OK(need(other));
    // DependsOn of a resource whose condition does not hold is no dependency.
    for (const auto& other : resource.depends_on) {
      if (out.needs.contains(other)) needs.insert(other);
    }
  }
  std::set<std::string> placed;
  while (out.names.size() < present.size()) {
    const auto before = out.names.size();
    for (const auto& name : present) {
      if (placed.contains(name)) continue;
      const auto& needs = out.needs[name];
      if (!std::ranges::all_of(needs, [&](const auto& other) { return placed.contains(other); }))
        continue;
      placed.insert(name);
      out.names.push_back(name);
    }
    if (out.names.size() == before) break;
  }
  if (out.names.size() < present.size()) {
    // What is left holds the circles and what hangs on them; take off what nothing left depends on.
    std::set<std::string> left;
    for (const auto& name : present) {
      if (!placed.contains(name)) left.insert(name);
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (auto it = left.begin(); it != left.end();) {
        const bool needed = std::ranges::any_of(
            left, [&](const auto& other) { return out.needs[other].contains(*it); });
        changed = changed || !needed;
        it = needed ? std::next(it) : left.erase(it);
      }
    }
    return invalid("Circular dependency between resources: [" + joined({left.begin(), left.end()}) +
                   "]");
  }
  return out;
}

std::vector<std::string> sort_by_dependencies(const Dependencies& needs) {
  std::vector<std::string> out;
  std::set<std::string> placed;
  while (out.size() < needs.size()) {
    const auto before = out.size();
    for (const auto& [name, others] : needs) {
      if (placed.contains(name)) continue;
      const bool ready = std::ranges::all_of(others, [&](const auto& other) {
        return placed.contains(other) || !needs.contains(other);
      });
      if (!ready) continue;
      placed.insert(name);
      out.push_back(name);
    }
    if (out.size() == before) {
      for (const auto& [name, others] : needs) {
        if (placed.insert(name).second) out.push_back(name);
      }
    }
  }
  return out;
}

}  // namespace dew::cloudformation
