#include <fmt/format.h>

#include "serverless/compile_parts.h"
#include "serverless/suggest.h"

namespace dew::serverless {

namespace {

// resources.extensions: changes to resources that were generated.
// www.serverless.com/framework/docs/providers/aws/guide/resources#extending-aws-cloudformation-resource
Result<void> extend(json::Object& resources, const Node& extensions) {
  for (const auto& [name, mark, changes] : extensions.entries) {
    const std::string path = "resources.extensions." + name;
    auto* found = resources.if_contains(name);
    if (!found || !found->is_object()) {
      std::vector<std::string> names;
      for (const auto& resource : resources) names.emplace_back(resource.key());
      return fail_at(
          mark, path,
          fmt::format("there is no such resource to extend{}", did_you_mean(name, names)));
    }
    auto& resource = found->get_object();
    for (const auto& [attribute, attribute_mark, value] : changes.entries) {
      if (attribute == "Properties" || attribute == "Metadata") {
        json::Value& target = resource[attribute];
        if (!target.is_object()) target = json::Object{};
        for (const auto& entry : value.entries)
          target.get_object()[entry.key] = to_json(entry.value);
      } else if (attribute == "DependsOn") {
        json::Value& target = resource["DependsOn"];
        if (target.is_string()) target = json::Array{target};
        if (!target.is_array()) target = json::Array{};
        for (const auto& item : value.items) target.get_array().push_back(to_json(item));
        if (value.is_string()) target.get_array().push_back(json::Value(value.text));
      } else if (attribute == "Condition" || attribute == "CreationPolicy" ||
                 attribute == "DeletionPolicy" || attribute == "UpdatePolicy" ||
                 attribute == "UpdateReplacePolicy") {
        resource[attribute] = to_json(value);
      } else {
        return fail_at(attribute_mark, path + "." + attribute,
                       "only Condition, CreationPolicy, DeletionPolicy, DependsOn, Metadata, "
                       "Properties, UpdatePolicy and "
                       "UpdateReplacePolicy can be extended");
      }
    }
  }
  return {};
}

Result<void> merge_one(json::Object& whole, const Node& resources) {
  json::Value own = to_json(resources);
  if (!own.is_object()) return {};
  own.get_object().erase("extensions");
  json::Value target = std::move(whole);
  deep_merge(target, own);
  whole = std::move(target.get_object());
  const Node* extensions = resources.find("extensions");
  if (extensions) return extend(whole["Resources"].as_object(), *extensions);
  return {};
}

}  // namespace

Result<void> merge_resources(Compilation& out, json::Object& whole) {
  const Node* resources = out.service.root.find("resources");
  if (!resources) return {};
  if (resources->is_list()) {
    for (const auto& item : resources->items) CHECK_OK(merge_one(whole, item));
  } else {
    CHECK_OK(merge_one(whole, *resources));
  }
  for (const auto& member : whole["Resources"].as_object()) {
    const auto* object = member.value().if_object();
    if (object && json::string_at(*object, "Type")) continue;
    const Node* where = resources->find("Resources");
    const Node* node = where ? where->find(std::string_view(member.key())) : nullptr;
    return fail_at(node ? node->mark : resources->mark,
                   fmt::format("resources.Resources.{}", std::string_view(member.key())),
                   "the resource has no Type");
  }
  return {};
}

}  // namespace dew::serverless
