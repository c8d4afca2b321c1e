// Back to what was: a failed update is undone resource by resource, in the order of the old
// dependencies.
#include "services/cloudformation/run.h"

namespace dew::cloudformation {

// Undoes a creation that may have happened in part.
ApiResult<void> Run::discard(ResourceState& resource) {
  const auto& attempt = *resource.attempt;
  const auto* type = find_type(resource.type);
  ApiResult<void> done;
  if (type != nullptr && !attempt.name.empty()) {
    done = type->remove(session_, {attempt.name, attempt.target.properties, {}});
  } else if (type != nullptr && type->list) {
    const auto there = type->list(session_, {resource.logical_id, "", attempt.target.properties});
    if (there) {
      for (const auto& id : *there) {
        if (std::ranges::find(attempt.before, id) != attempt.before.end()) continue;
        done = type->remove(session_, {id, attempt.target.properties, {}});
        if (!done) break;
      }
    } else if (!says_not_found(there.error())) {
      done = std::unexpected(there.error());
    }
  }
  Changes changes(stacks_);
  if (!done) changes.event(stack_, resource, "DELETE_FAILED", failure_reason(done.error()));
  resource.attempt.reset();
  changes.put(stack_, resource);
  return commit(changes);
}

ApiResult<void> Run::restore(ResourceState& resource) {
  const auto* type = find_type(resource.type);
  Changes changes(stacks_);
  if (resource.attempt && resource.attempt->kind == Attempt::Kind::kCreate)
    CHECK_OK(discard(resource));
  if (resource.created || !resource.now) {
    if (resource.now)
      leave(changes, resource, *resource.now, resource.now->deletion_policy == "Retain");
    changes.erase(stack_, resource);
    changes.put(stack_);
    CHECK_OK(commit(changes));
    resource.now.reset();
    return {};
  }
  if (resource.replaced && resource.previous) {
    leave(changes, resource, *resource.now, false);
    resource.now = std::move(resource.previous);
    resource.previous.reset();
    resource.replaced = false;
    resource.attempt.reset();
    changes.status(stack_, resource, "UPDATE_COMPLETE");
    return commit(changes);
  }
  if (!resource.attempt && !resource.previous) return {};
  // From what the failed or the finished update asked for, to what was before.
  const auto from =
      resource.attempt ? resource.attempt->target.properties : resource.now->properties;
  const auto to = resource.previous ? *resource.previous : *resource.now;
  const bool skip = stack_.operation->skip.contains(resource.logical_id);
  if (from != to.properties && type != nullptr && type->update && !skip) {
    changes.status(stack_, resource, "UPDATE_IN_PROGRESS");
    CHECK_OK(commit(changes));
    auto made = type->update(session_, {resource.now->id, from, resource.now->attributes},
                             {resource.logical_id, to.id, to.properties});
    if (!made) {
      failed_updates_.push_back(resource.logical_id);
      changes.status(stack_, resource, "UPDATE_FAILED", failure_reason(made.error()));
      return commit(changes);
    }
  }
  resource.now = to;
  resource.previous.reset();
  resource.attempt.reset();
  if (from != to.properties) {
    changes.status(stack_, resource, "UPDATE_COMPLETE");
  } else {
    changes.put(stack_, resource);
  }
  return commit(changes);
}

ApiResult<void> Run::roll_back() {
  Dependencies needs;
  for (const auto& [name, resource] : resources_) {
    const auto& was = resource.previous ? resource.previous : resource.now;
    needs[name] = was ? was->needs : std::set<std::string>{};
  }
  for (const auto& name : sort_by_dependencies(needs)) CHECK_OK(restore(resources_.at(name)));
  Changes changes(stacks_);
  if (failed()) {
    const auto reason =
        fmt::format("The following resource(s) failed to update: [{}]. ", joined(failed_updates_));
    failed_updates_.clear();
    stack_.operation->paused = true;
    changes.status(stack_, "UPDATE_ROLLBACK_FAILED", reason);
    return commit(changes);
  }
  std::erase_if(resources_, [](const auto& entry) { return !entry.second.now; });
  stack_.operation->phase = Phase::kRollbackCleanup;
  changes.status(stack_, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
  return commit(changes);
}

}  // namespace dew::cloudformation
