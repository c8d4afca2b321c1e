#include "services/cloudformation/plan.h"

#include <algorithm>

#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

class Planner {
 public:
  Planner(Blueprint& blueprint, const Stack& stack,
          const std::map<std::string, ResourceState>& resources, const json::Array& tags)
      : blueprint_(blueprint), stack_(stack), resources_(resources), tags_(tags) {
    blueprint_.environment.ref = [this](std::string_view name) -> ApiResult<json::Value> {
      const auto* now = known(name);
      if (now == nullptr) return unknown(name);
      return json::String(now->id);
    };
    blueprint_.environment.get_att = [this](std::string_view name,
                                            std::string_view attribute) -> ApiResult<json::Value> {
      const auto* now = known(name);
      const auto* value = now == nullptr ? nullptr : json::find(now->attributes, attribute);
      if (value == nullptr) return unknown(name);
      if (now->attributes.contains("_NoEcho")) blueprint_.hides = true;
      return *value;
    };
  }

  ApiResult<Plan> make() {
    for (const auto& name : blueprint_.order.names) {
      const auto it = resources_.find(name);
      if (it == resources_.end() || !it->second.now) {
        unknown_.insert(name);
        add("Add", name, blueprint_.tmpl.resource(name)->type, "", {});
      } else {
        CHECK_OK(compare(name, it->second));
      }
    }
    for (const auto& [name, resource] : resources_) {
      const bool wanted =
          std::ranges::find(blueprint_.order.names, name) != blueprint_.order.names.end();
      if (!wanted && resource.now) add("Remove", name, resource.type, resource.now->id, {});
    }
    if (plan_.changes.empty()) {
      TRY(const auto outputs, blueprint_.outputs());
      plan_.other = differ(outputs) || tags_ != stack_.tags;
    }
    return std::move(plan_);
  }

 private:
  // Values that are hidden cannot be compared; the resource that they come from has not changed.
  bool differ(const json::Array& outputs) const {
    return !std::ranges::equal(outputs, stack_.outputs, [](const auto& now, const auto& before) {
      if (!now.as_object().contains("_Hidden")) return now == before;
      return json::string_or(now.as_object(), "OutputKey") ==
             json::string_or(before.as_object(), "OutputKey");
    });
  }

  const Snapshot* known(std::string_view name) const {
    if (unknown_.contains(std::string(name))) return nullptr;
    const auto it = resources_.find(std::string(name));
    return it == resources_.end() || !it->second.now ? nullptr : &*it->second.now;
  }

  json::Value unknown(std::string_view name) {
    cause_ = name;
    return json::String(fmt::format("{{{{unknown:{}}}}}", name));
  }

  void add(std::string_view action, const std::string& name, const std::string& type,
           const std::string& id, json::Object more) {
    json::Object change{{"Action", action}, {"LogicalResourceId", name}, {"ResourceType", type}};
    if (!id.empty()) change["PhysicalResourceId"] = id;
    for (auto& [key, value] : more) change[key] = std::move(value);
    if (!change.contains("Scope")) change["Scope"] = json::Array{};
    if (!change.contains("Details")) change["Details"] = json::Array{};
    plan_.changes.emplace_back(
        json::Object{{"Type", "Resource"}, {"ResourceChange", std::move(change)}});
  }

  ApiResult<void> compare(const std::string& name, const ResourceState& resource) {
    const auto& declared = *blueprint_.tmpl.resource(name);
    if (declared.type != resource.type) {
      return invalid(
          fmt::format("Update of resource type is not permitted. The new template modifies "
                      "resource type of the following resources: [{}]",
                      name));
    }
    const auto& type = *find_type(resource.type);
    cause_.clear();
    auto wanted = blueprint_.properties(name, tags_);
    if (!wanted && cause_.empty()) return std::unexpected(std::move(wanted).error());
    const auto& before = resource.now->properties;
    std::map<std::string, std::pair<bool, std::string>>
        changed;  // property -> depends on the unknown, on what
    const auto note = [&](const std::string& property) {
      std::string cause;
      if (const auto* value = json::find(declared.properties, property)) {
        References found;
        (void)collect(*value, found);
        for (const auto& ref : found.refs) {
          if (unknown_.contains(ref)) cause = ref;
        }
        for (const auto& [other, attribute] : found.attributes) {
          if (unknown_.contains(other)) cause = other + "." + attribute;
        }
      }
      changed[property] = {!cause.empty(), cause};
    };
    if (wanted) {
      for (const auto& [property, value] : *wanted) {
        const auto* old = json::find(before, property);
        if (old == nullptr || *old != value) note(property);
      }
      for (const auto& [property, value] : before) {
        if (!wanted->contains(property)) note(property);
      }
    } else {
      // What an unknown value makes of its property cannot be said yet.
      for (const auto& [property, value] : declared.properties) {
        note(property);
        if (!changed[property].first) changed.erase(property);
      }
    }
    if (changed.empty()) {
      if (type.always_updates) always_updated(name, resource);
      return {};
    }
    bool replaced = false;
    bool perhaps = false;
    json::Array details;
    json::Array scope;
    for (const auto& [property, dynamic] : changed) {
      const bool replaces =
          type.replaced_by(property, before, wanted ? *wanted : json::Object(before));
      (dynamic.first ? perhaps : replaced) |= replaces;
      const bool tags = property == "Tags";
      const auto* attribute = tags ? "Tags" : "Properties";
      if (std::ranges::find(scope, json::Value(attribute)) == scope.end())
        scope.emplace_back(attribute);
      json::Object target{{"Attribute", attribute},
                          {"RequiresRecreation", !replaces       ? "Never"
                                                 : dynamic.first ? "Conditionally"
                                                                 : "Always"}};
      if (!tags) target["Name"] = property;
      json::Object detail{
          {"Target", std::move(target)},
          {"Evaluation", dynamic.first ? "Dynamic" : "Static"},
          {"ChangeSource",
           dynamic.first ? (dynamic.second.find('.') == std::string::npos ? "ResourceReference"
                                                                          : "ResourceAttribute")
                         : "DirectModification"}};
      if (dynamic.first) detail["CausingEntity"] = dynamic.second;
      details.emplace_back(std::move(detail));
    }
    if (replaced || perhaps) unknown_.insert(name);
    add("Modify", name, resource.type, resource.now->id,
        {{"Replacement", replaced  ? "True"
                         : perhaps ? "Conditional"
                                   : "False"},
         {"Scope", std::move(scope)},
         {"Details", std::move(details)}});
    return {};
  }

  // A nested stack is always looked at: what its URL gives may be another template now.
  void always_updated(const std::string& name, const ResourceState& resource) {
    unknown_.insert(name);
    add("Modify", name, resource.type, resource.now->id,
        {{"Replacement", "False"},
         {"Scope", json::Array{"Properties"}},
         {"Details",
          json::Array{json::Object{{"Target", json::Object{{"Attribute", "Properties"},
                                                           {"RequiresRecreation", "Never"}}},
                                   {"Evaluation", "Dynamic"},
                                   {"ChangeSource", "Automatic"}}}}});
  }

  Blueprint& blueprint_;
  const Stack& stack_;
  const std::map<std::string, ResourceState>& resources_;
  const json::Array& tags_;
  std::set<std::string> unknown_;
  std::string cause_;
  Plan plan_;
};

}  // namespace

ApiResult<Plan> make_plan(Blueprint& blueprint, const Stack& stack,
                          const std::map<std::string, ResourceState>& resources,
                          const json::Array& tags) {
  return Planner(blueprint, stack, resources, tags).make();
}

}  // namespace dew::cloudformation
