// Back to what was: a failed update is undone resource by resource, in the order of the old
// dependencies.
#include "services/cloudformation/run.h"

namespace dew::cloudformation {

namespace {

// What an interrupted creation of a type whose ids are chosen by the service has made; nullopt:
// nothing that is certainly ours.
ApiResult<std::optional<std::string>> find_made(const Session& session, const ResourceType& type,
                                                const Desired& desired, const Attempt& attempt) {
  if (!attempt.made.empty()) return attempt.made;
  if (!type.list) return std::nullopt;
  auto there = type.list(session, desired);
  if (!there) {
    if (says_not_found(there.error())) return std::nullopt;
    return std::unexpected(std::move(there).error());
  }
  std::erase_if(*there, [&](const auto& id) {
    return std::ranges::find(attempt.before, id) != attempt.before.end();
  });
  // Two: one of them is somebody else's, and nobody can tell which.
  if (there->size() != 1) return std::nullopt;
  return there->front();
}

}  // namespace

// Undoes a creation that may have happened in part. Where that fails, the attempt stays written
// down, with its id if it is known, for `then` to decide about.
ApiResult<Next> Run::undo(ResourceState& resource, AfterRemoval then) {
  const auto* type = find_type(resource.type);
  const auto& name = resource.logical_id;
  auto after = [this, name,
                then = std::move(then)](ApiResult<void> done) mutable -> ApiResult<Next> {
    if (!done) return then(std::move(done));
    auto& undone = resources_.at(name);
    undone.attempt.reset();
    Changes changes(stacks_);
    changes.put(stack_, undone);
    CHECK_OK(commit(changes));
    return then({});
  };
  if (type == nullptr) return after({});
  auto& attempt = *resource.attempt;
  json::Object notes{{"_LogicalId", name}, {"_Type", resource.type}, {"_Interrupted", true}};
  if (!resource.now && resource.last_id.empty()) resource.last_id = attempt.name;
  if (!attempt.name.empty()) {
    return removal(type, {attempt.name, attempt.target.properties, std::move(notes)},
                   std::move(after));
  }
  auto found = find_made(session_, *type, {name, "", attempt.target.properties}, attempt);
  if (!found) return after(std::unexpected(std::move(found).error()));
  if (!*found) return after({});
  attempt.made = **found;
  if (!resource.now && resource.last_id.empty()) resource.last_id = attempt.made;
  return removal(type, {std::move(**found), attempt.target.properties, std::move(notes)},
                 std::move(after));
}

ApiResult<Next> Run::restore(const std::string& name) {
  auto& resource = resources_.at(name);
  if (!resource.creation_pending()) return restore_settled(resource);
  return undo(resource, [this, name](ApiResult<void> undone) -> ApiResult<Next> {
    auto& back = resources_.at(name);
    if (!undone) {
      // As anything new that a rollback takes back: removed in the clean-up, whose failures do not
      // keep the stack from where it was.
      Changes changes(stacks_);
      changes.event(stack_, back, "DELETE_FAILED", failure_reason(undone.error()));
      leave_attempt(changes, back);
      changes.put(stack_, back);
      changes.put(stack_);
      CHECK_OK(commit(changes));
    }
    return restore_settled(back);
  });
}

ApiResult<Next> Run::restore_settled(ResourceState& resource) {
  const auto* type = find_type(resource.type);
  Changes changes(stacks_);
  if (resource.created || !resource.now) {
    if (resource.now)
      leave(
          changes, resource, *resource.now,
          resource.now->deletion_policy == "Retain" && !stack_.operation->retain_except_on_create);
    changes.erase(stack_, resource);
    changes.put(stack_);
    CHECK_OK(commit(changes));
    resource.now.reset();
    return Next{};
  }
  if (resource.replaced && resource.previous) {
    leave(changes, resource, *resource.now, false);
    resource.now = std::move(resource.previous);
    resource.previous.reset();
    resource.replaced = false;
    resource.attempt.reset();
    changes.status(stack_, resource, "UPDATE_COMPLETE");
    CHECK_OK(commit(changes));
    return Next{};
  }
  if (!resource.attempt && !resource.previous) return Next{};
  // From what the failed or the finished update asked for, to what was before.
  const auto from =
      resource.attempt ? resource.attempt->target.properties : resource.now->properties;
  auto to = resource.previous ? *resource.previous : *resource.now;
  const bool skip = stack_.operation->skip.contains(resource.logical_id);
  const bool changed = from != to.properties || (type != nullptr && type->always_updates);
  if (!changed || type == nullptr || !type->update || skip)
    return restored(resource, std::move(to), changed);
  changes.status(stack_, resource, "UPDATE_IN_PROGRESS");
  CHECK_OK(commit(changes));
  Desired desired{resource.logical_id, to.id, to.properties, resource.type, true};
  return make(*type, Work::kUpdate, {resource.now->id, from, resource.now->attributes},
              std::move(desired),
              [this, name = resource.logical_id,
               to = std::move(to)](ApiResult<Instance> made) mutable -> ApiResult<Next> {
                auto& back = resources_.at(name);
                if (made) return restored(back, std::move(to), true);
                Changes failure(stacks_);
                failed_updates_.push_back(name);
                failure.status(stack_, back, "UPDATE_FAILED", failure_reason(made.error()));
                CHECK_OK(commit(failure));
                return Next{};
              });
}

ApiResult<Next> Run::restored(ResourceState& resource, Snapshot to, bool changed) {
  Changes changes(stacks_);
  resource.now = std::move(to);
  resource.previous.reset();
  resource.attempt.reset();
  if (changed) {
    changes.status(stack_, resource, "UPDATE_COMPLETE");
  } else {
    changes.put(stack_, resource);
  }
  CHECK_OK(commit(changes));
  return Next{};
}

ApiResult<void> Run::roll_back() {
  Dependencies needs;
  for (const auto& [name, resource] : resources_) {
    const auto& was = resource.previous ? resource.previous : resource.now;
    needs[name] = was                           ? was->needs
                  : resource.creation_pending() ? resource.attempt->target.needs
                                                : std::set<std::string>{};
  }
  interruption_.abandoned = false;
  CHECK_OK(run_graph(
      *steps_, sort_by_dependencies(needs), needs,
      [this](const std::string& name) { return restore(name); }, [this] { return not_stopped(); }));
  if (engine_.stopping()) return {};
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
