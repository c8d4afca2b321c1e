// Operations that tell about stacks, their resources, events, exports.
#include <algorithm>
#include <charconv>

#include "services/cloudformation/api.h"

namespace dew::cloudformation {

namespace {

constexpr size_t kEventPage = 100;

json::Object describe(const Stack& stack, const json::Object& settings) {
  json::Object out{{"StackId", stack.id},
                   {"StackName", stack.name},
                   {"CreationTime", stack.created},
                   {"StackStatus", stack.status},
                   {"DisableRollback", stack.disable_rollback},
                   {"RollbackConfiguration", json::Object{}},
                   {"NotificationARNs", json::Array{}},
                   {"Tags", stack.tags},
                   {"EnableTerminationProtection",
                    json::bool_at(settings, "TerminationProtection").value_or(false)},
                   {"DriftInformation", json::Object{{"StackDriftStatus", "NOT_CHECKED"}}}};
  if (!stack.change_set_id.empty()) out["ChangeSetId"] = stack.change_set_id;
  if (!stack.parent_id.empty()) {
    out["ParentId"] = stack.parent_id;
    out["RootId"] = stack.root_id;
  }
  if (!stack.description.empty()) out["Description"] = stack.description;
  if (!stack.reason.empty()) out["StackStatusReason"] = stack.reason;
  if (stack.updated > 0) out["LastUpdatedTime"] = stack.updated;
  if (stack.deleted > 0) out["DeletionTime"] = stack.deleted;
  if (stack.timeout_minutes > 0) out["TimeoutInMinutes"] = stack.timeout_minutes;
  if (!stack.role_arn.empty()) out["RoleARN"] = stack.role_arn;
  if (!stack.capabilities.empty()) out["Capabilities"] = to_json(stack.capabilities);
  if (!stack.given.empty())
    out["Parameters"] = shown_parameters(stack.given, stack.resolved, stack.hidden);
  if (!stack.outputs.empty()) out["Outputs"] = stack.outputs;
  return out;
}

ApiResult<json::Value> describe_stacks(Engine& engine, Call& call) {
  std::vector<Stack> stacks;
  if (const auto name = json::string_at(call.input, "StackName")) {
    TRY(auto stack, engine.stacks().find(*name));
    stacks.push_back(std::move(stack));
  } else {
    TRY(stacks, engine.stacks().all());
    std::erase_if(stacks, [](const Stack& stack) { return stack.status == "DELETE_COMPLETE"; });
    std::ranges::sort(stacks, std::greater<>(), &Stack::created);
  }
  json::Array list;
  for (const auto& stack : stacks) {
    TRY(const auto settings, engine.stacks().settings(stack.id));
    list.emplace_back(describe(stack, settings));
  }
  return json::Object{{"Stacks", std::move(list)}};
}

ApiResult<json::Value> list_stacks(Engine& engine, Call& call) {
  const auto wanted = text_list(call.input, "StackStatusFilter");
  TRY(auto stacks, engine.stacks().all());
  std::ranges::sort(stacks, std::greater<>(), &Stack::created);
  json::Array list;
  for (const auto& stack : stacks) {
    if (!wanted.empty() && std::ranges::find(wanted, stack.status) == wanted.end()) continue;
    json::Object summary{{"StackId", stack.id},
                         {"StackName", stack.name},
                         {"CreationTime", stack.created},
                         {"StackStatus", stack.status},
                         {"DriftInformation", json::Object{{"StackDriftStatus", "NOT_CHECKED"}}}};
    if (!stack.parent_id.empty()) {
      summary["ParentId"] = stack.parent_id;
      summary["RootId"] = stack.root_id;
    }
    if (!stack.description.empty()) summary["TemplateDescription"] = stack.description;
    if (!stack.reason.empty()) summary["StackStatusReason"] = stack.reason;
    if (stack.updated > 0) summary["LastUpdatedTime"] = stack.updated;
    if (stack.deleted > 0) summary["DeletionTime"] = stack.deleted;
    list.emplace_back(std::move(summary));
  }
  return json::Object{{"StackSummaries", std::move(list)}};
}

// Newest first; the token is the number of the next event.
ApiResult<json::Value> describe_events(Engine& engine, Call& call) {
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  const auto prefix = StackStore::key("event", stack.id);
  std::string end = prefix.prefix_end();
  if (const auto token = json::string_at(call.input, "NextToken")) {
    uint64_t number = 0;
    std::from_chars(token->data(), token->data() + token->size(), number);
    end = store::Key(prefix).add(number + 1).str();
  }
  json::Array list;
  json::Object out;
  const auto cursor = engine.stacks().store().cursor(prefix, end, store::Direction::kBackward);
  for (; cursor->valid(); cursor->next()) {
    if (list.size() == kEventPage) {
      const auto number = store::KeyReader(cursor->key().substr(prefix.str().size())).number();
      out["NextToken"] = std::to_string(number.value_or(0));
      break;
    }
    TRY(auto event, json::parse(cursor->value()));
    list.push_back(std::move(event));
  }
  CHECK_OK(cursor->status());
  out["StackEvents"] = std::move(list);
  return out;
}

json::Object resource_summary(const ResourceState& resource, const char* time) {
  json::Object out{{"LogicalResourceId", resource.logical_id},
                   {"ResourceType", resource.type},
                   {"ResourceStatus", resource.status},
                   {time, resource.updated},
                   {"DriftInformation", json::Object{{"StackResourceDriftStatus", "NOT_CHECKED"}}}};
  const auto& id = resource.now ? resource.now->id : resource.last_id;
  if (!id.empty()) out["PhysicalResourceId"] = id;
  if (!resource.reason.empty()) out["ResourceStatusReason"] = resource.reason;
  return out;
}

ApiResult<json::Value> describe_resource(Engine& engine, Call& call) {
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  const auto name = json::string_or(call.input, "LogicalResourceId");
  TRY(const auto resources, engine.stacks().resources(stack.id));
  const auto it = resources.find(name);
  if (it == resources.end())
    return invalid(fmt::format("Resource {} does not exist for stack {}", name, stack.name));
  auto detail = resource_summary(it->second, "LastUpdatedTimestamp");
  detail["StackName"] = stack.name;
  detail["StackId"] = stack.id;
  detail["Metadata"] = it->second.metadata.is_null() ? "{}" : json::dump(it->second.metadata);
  return json::Object{{"StackResourceDetail", std::move(detail)}};
}

ApiResult<json::Value> describe_resources(Engine& engine, Call& call) {
  const auto logical = json::string_or(call.input, "LogicalResourceId");
  std::vector<Stack> stacks;
  const auto physical = json::string_or(call.input, "PhysicalResourceId");
  if (const auto name = json::string_at(call.input, "StackName")) {
    if (!physical.empty())
      return invalid("Only one of StackName or PhysicalResourceId may be specified");
    TRY(auto stack, engine.stacks().find(*name));
    stacks.push_back(std::move(stack));
  } else if (physical.empty()) {
    return invalid("StackName or PhysicalResourceId must be specified");
  } else {
    TRY(stacks, engine.stacks().all());
    std::erase_if(stacks, [](const Stack& stack) { return stack.status == "DELETE_COMPLETE"; });
  }
  json::Array list;
  for (const auto& stack : stacks) {
    TRY(const auto resources, engine.stacks().resources(stack.id));
    const bool here = physical.empty() || std::ranges::any_of(resources, [&](const auto& entry) {
                        return entry.second.now && entry.second.now->id == physical;
                      });
    if (!here) continue;
    for (const auto& [name, resource] : resources) {
      if (!logical.empty() && name != logical) continue;
      auto summary = resource_summary(resource, "Timestamp");
      summary["StackName"] = stack.name;
      summary["StackId"] = stack.id;
      list.emplace_back(std::move(summary));
    }
  }
  if (!physical.empty() && list.empty())
    return invalid(fmt::format("Stack for {} does not exist", physical));
  return json::Object{{"StackResources", std::move(list)}};
}

ApiResult<json::Value> list_resources(Engine& engine, Call& call) {
  TRY(const auto stack, engine.stacks().find(json::string_or(call.input, "StackName")));
  TRY(const auto resources, engine.stacks().resources(stack.id));
  json::Array list;
  for (const auto& [name, resource] : resources)
    list.emplace_back(resource_summary(resource, "LastUpdatedTimestamp"));
  return json::Object{{"StackResourceSummaries", std::move(list)}};
}

ApiResult<json::Value> list_exports(Engine& engine, Call&) {
  json::Array list;
  const auto prefix = store::Key("cfn").add("export");
  CHECK_OK(services::scan(
      engine.stacks().store(), prefix, {}, [&](std::string_view key, const json::Object& record) {
        const auto name = store::KeyReader(key.substr(prefix.str().size())).text();
        list.emplace_back(json::Object{{"ExportingStackId", json::string_or(record, "StackId")},
                                       {"Name", name.value_or("")},
                                       {"Value", json::string_or(record, "Value")}});
        return true;
      }));
  return json::Object{{"Exports", std::move(list)}};
}

ApiResult<json::Value> list_imports(Engine& engine, Call& call) {
  const auto name = json::string_or(call.input, "ExportName");
  TRY(const auto users, engine.stacks().importers(name));
  if (users.empty()) return invalid(fmt::format("Export '{}' is not imported by any stack.", name));
  json::Array list;
  for (const auto& id : users) {
    TRY(const auto stack, engine.stacks().find(id));
    list.emplace_back(stack.name);
  }
  return json::Object{{"Imports", std::move(list)}};
}

}  // namespace

void add_describe_operations(const Add& add) {
  add("DescribeStacks", aws::Run::kInline, describe_stacks);
  add("ListStacks", aws::Run::kInline, list_stacks);
  add("DescribeStackEvents", aws::Run::kInline, describe_events);
  add("DescribeStackResource", aws::Run::kInline, describe_resource);
  add("DescribeStackResources", aws::Run::kInline, describe_resources);
  add("ListStackResources", aws::Run::kInline, list_resources);
  add("ListExports", aws::Run::kInline, list_exports);
  add("ListImports", aws::Run::kInline, list_imports);
}

}  // namespace dew::cloudformation
