// Deletions: of a whole stack, of a stack whose creation failed, and of what an update has left
// over.
#include <algorithm>

#include "services/cloudformation/run.h"

namespace dew::cloudformation {

void Run::leave(Changes& changes, const ResourceState& resource, Snapshot what, bool retain) {
  Leftover leftover{stack_.next_leftover++, resource.logical_id, resource.type, std::move(what),
                    retain};
  changes.put(stack_, leftover);
  leftovers_.push_back(std::move(leftover));
}

ApiResult<void> Run::remove_all() {
  const auto& operation = *stack_.operation;
  const bool rolling_back = operation.kind == OperationKind::kCreate;
  Dependencies needs;
  for (const auto& [name, resource] : resources_)
    needs[name] = resource.now ? resource.now->needs : std::set<std::string>{};
  auto order = sort_by_dependencies(needs);
  std::ranges::reverse(order);

  std::vector<std::string> failed_names;
  std::set<std::string> blocked;  // what a resource that is still there needs
  const auto block = [&](const std::string& name) {
    blocked.insert(needs[name].begin(), needs[name].end());
  };
  for (const auto& name : order) {
    auto& resource = resources_.at(name);
    if (resource.attempt && resource.attempt->kind == Attempt::Kind::kCreate)
      CHECK_OK(discard(resource));
    if (!resource.now) {
      if (resource.status == "DELETE_COMPLETE" || resource.status == "DELETE_SKIPPED") continue;
      Changes changes(stacks_);
      changes.status(stack_, resource, "DELETE_COMPLETE");
      CHECK_OK(commit(changes));
      continue;
    }
    if (blocked.contains(name)) {
      block(name);
      continue;
    }
    const auto& policy = resource.now->deletion_policy;
    Changes changes(stacks_);
    if (policy == "Retain" || (policy == "RetainExceptOnCreate" && !rolling_back) ||
        operation.retain.contains(name)) {
      changes.status(stack_, resource, "DELETE_SKIPPED");
      resource.now.reset();
      changes.put(stack_, resource);
      CHECK_OK(commit(changes));
      continue;
    }
    changes.status(stack_, resource, "DELETE_IN_PROGRESS");
    CHECK_OK(commit(changes));
    const auto* type = find_type(resource.type);
    const auto& now = *resource.now;
    auto removed = type == nullptr
                       ? ApiResult<void>{}
                       : type->remove(session_, {now.id, now.properties, now.attributes});
    if (!removed) {
      changes.status(stack_, resource, "DELETE_FAILED", failure_reason(removed.error()));
      failed_names.push_back(name);
      block(name);
    } else {
      changes.status(stack_, resource, "DELETE_COMPLETE");
      resource.now.reset();
      changes.put(stack_, resource);
    }
    CHECK_OK(commit(changes));
  }
  Changes changes(stacks_);
  if (!failed_names.empty()) {
    std::ranges::sort(failed_names);
    const auto reason =
        fmt::format("The following resource(s) failed to delete: [{}]. ", joined(failed_names));
    return finish(changes, rolling_back ? "ROLLBACK_FAILED" : "DELETE_FAILED", reason);
  }
  if (rolling_back) return finish(changes, "ROLLBACK_COMPLETE");
  for (const auto& output : stack_.outputs) {
    if (const auto name = json::string_at(output.as_object(), "ExportName"))
      changes.batch().erase(StackStore::key("export", *name));
  }
  CHECK_OK(services::scan(
      stacks_.store(), store::Key("cfn").add("imports").add(stack_.id), {},
      [&](std::string_view key, const json::Object& record) {
        changes.batch().erase(key);
        changes.batch().erase(
            StackStore::key("import", json::string_or(record, "Name")).add(stack_.id));
        return true;
      }));
  const auto change_sets = StackStore::key("changeset", stack_.id);
  changes.batch().erase_range(change_sets, change_sets.prefix_end());
  changes.erase_name(stack_);
  stack_.deleted = stacks_.clock().now_seconds();
  return finish(changes, "DELETE_COMPLETE");
}

ApiResult<void> Run::clean_up() {
  const bool back = stack_.operation->phase == Phase::kRollbackCleanup;
  // Leftovers depend on each other by the logical ids they had.
  Dependencies needs;
  std::map<std::string, const Leftover*> by_key;
  for (const auto& leftover : leftovers_) {
    const auto key = fmt::format("{}#{}", leftover.logical_id, leftover.number);
    by_key[key] = &leftover;
    for (const auto& other : leftovers_) {
      if (&other != &leftover && leftover.what.needs.contains(other.logical_id)) {
        needs[key].insert(fmt::format("{}#{}", other.logical_id, other.number));
      }
    }
    needs[key];
  }
  auto order = sort_by_dependencies(needs);
  std::ranges::reverse(order);
  for (const auto& key : order) {
    const auto& leftover = *by_key.at(key);
    ResourceState gone;
    gone.logical_id = leftover.logical_id;
    gone.type = leftover.type;
    gone.last_id = leftover.what.id;
    Changes changes(stacks_);
    if (leftover.retain) {
      changes.event(stack_, gone, "DELETE_SKIPPED");
    } else {
      changes.event(stack_, gone, "DELETE_IN_PROGRESS");
      CHECK_OK(commit(changes));
      const auto* type = find_type(leftover.type);
      const auto removed = type == nullptr
                               ? ApiResult<void>{}
                               : type->remove(session_, {leftover.what.id, leftover.what.properties,
                                                         leftover.what.attributes});
      // What cannot be removed stays behind: the update is complete all the same, as on AWS.
      if (removed) {
        changes.event(stack_, gone, "DELETE_COMPLETE");
      } else {
        changes.event(stack_, gone, "DELETE_FAILED", failure_reason(removed.error()));
      }
    }
    changes.erase(stack_, leftover);
    CHECK_OK(commit(changes));
  }
  leftovers_.clear();
  Changes changes(stacks_);
  return finish(changes, back ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE");
}

}  // namespace dew::cloudformation
