// Deletions: of a whole stack, of a stack whose creation failed, and of what an update has left
// over.
#include <algorithm>

#include "services/cloudformation/run.h"

namespace dew::cloudformation {

namespace {

// Whoever needs a thing goes before it.
Dependencies turned_around(const Dependencies& needs) {
  Dependencies out;
  for (const auto& [name, others] : needs) {
    out[name];
    for (const auto& other : others) {
      if (needs.contains(other)) out[other].insert(name);
    }
  }
  return out;
}

}  // namespace

void Run::leave(Changes& changes, const ResourceState& resource, Snapshot what, bool retain) {
  Leftover leftover{stack_.next_leftover++, resource.logical_id, resource.type, std::move(what),
                    retain};
  changes.put(stack_, leftover);
  leftovers_.push_back(std::move(leftover));
}

// Of a creation that could not be undone: whatever there is of it is left over.
void Run::leave_attempt(Changes& changes, ResourceState& resource) {
  auto& attempt = *resource.attempt;
  attempt.target.id = attempt.name.empty() ? attempt.made : attempt.name;
  if (!attempt.target.id.empty()) leave(changes, resource, std::move(attempt.target), false);
  resource.attempt.reset();
}

// Removes, and waits for the end where the type's removal only begins it.
Next Run::removal(const ResourceType* type, Instance what, AfterRemoval then) {
  auto step = std::make_unique<Step>();
  step->call = [this, type, what = std::move(what), then = std::move(then)]() mutable -> Record {
    auto removed = type == nullptr ? ApiResult<void>{} : type->remove(session_, what);
    return [this, type, what = std::move(what), removed = std::move(removed),
            then = std::move(then)]() mutable -> ApiResult<Next> {
      if (!removed || type == nullptr || !type->waits_for(Work::kRemove, what))
        return then(std::move(removed));
      auto waiting = std::make_unique<Step>();
      waiting->counts = Counts::kAsWait;
      waiting->call = [this, type, what = std::move(what),
                       then = std::move(then)]() mutable -> Record {
        auto ended = type->wait(session_, Work::kRemove, what,
                                [&engine = engine_] { return engine.stopping(); });
        return [ended = std::move(ended), then = std::move(then)]() mutable -> ApiResult<Next> {
          if (!ended) return then(std::unexpected(std::move(ended).error()));
          return *ended ? then({}) : ApiResult<Next>(Next{});
        };
      };
      return waiting;
    };
  };
  return step;
}

ApiResult<void> Run::remove_all() {
  const bool rolling_back = stack_.operation->kind == OperationKind::kCreate;
  Dependencies needs;
  for (const auto& [name, resource] : resources_)
    needs[name] = resource.now                  ? resource.now->needs
                  : resource.creation_pending() ? resource.attempt->target.needs
                                                : std::set<std::string>{};
  auto order = sort_by_dependencies(needs);
  std::ranges::reverse(order);
  const auto users = turned_around(needs);
  std::vector<std::string> failed_names;
  std::set<std::string> kept;  // still there: what they need stays, too
  CHECK_OK(run_graph(
      *steps_, order, users,
      [&](const std::string& name) -> ApiResult<Next> {
        const bool blocked = std::ranges::any_of(users.at(name), [&](const auto& user) {
          return kept.contains(user) || std::ranges::find(failed_names, user) != failed_names.end();
        });
        if (blocked && !resources_.at(name).creation_pending()) {
          kept.insert(name);
          return Next{};
        }
        return remove_one(name, rolling_back, failed_names);
      },
      [this] { return not_stopped(); }));
  if (engine_.stopping()) return {};
  Changes changes(stacks_);
  if (!failed_names.empty()) {
    std::ranges::sort(failed_names);
    const auto reason =
        fmt::format("The following resource(s) failed to delete: [{}]. ", joined(failed_names));
    return finish(changes, rolling_back ? "ROLLBACK_FAILED" : "DELETE_FAILED", reason,
                  WayBack::kKeep);
  }
  return rolling_back ? finish(changes, "ROLLBACK_COMPLETE") : deleted();
}

// What could not be removed stays known, so that the next deletion tries again; a forced one leaves
// it behind.
ApiResult<Next> Run::not_removed(ResourceState& resource, const aws::ApiError& error,
                                 std::vector<std::string>& failed) {
  Changes changes(stacks_);
  changes.status(stack_, resource, "DELETE_FAILED", failure_reason(error));
  if (!stack_.operation->force) failed.push_back(resource.logical_id);
  CHECK_OK(commit(changes));
  return stack_.operation->force ? skip_removal(resource) : Next{};
}

ApiResult<Next> Run::skip_removal(ResourceState& resource) {
  Changes changes(stacks_);
  changes.status(stack_, resource, "DELETE_SKIPPED");
  resource.now.reset();
  resource.previous.reset();
  resource.attempt.reset();
  changes.put(stack_, resource);
  CHECK_OK(commit(changes));
  return Next{};
}

// Whether a policy, or whoever deletes the stack, wants the resource to stay.
bool Run::retains(const ResourceState& resource, bool rolling_back) const {
  if (stack_.operation->retain.contains(resource.logical_id)) return true;
  if (!resource.now) return false;
  const auto& policy = resource.now->deletion_policy;
  return (policy == "Retain" && !(rolling_back && stack_.operation->retain_except_on_create)) ||
         (policy == "RetainExceptOnCreate" && !rolling_back);
}

ApiResult<Next> Run::remove_one(const std::string& name, bool rolling_back,
                                std::vector<std::string>& failed) {
  auto& resource = resources_.at(name);
  const bool given_up = stack_.operation->retain.contains(name);
  if (resource.creation_pending() && !given_up) {
    return undo(resource, [this, name, rolling_back, &failed](ApiResult<void> undone) {
      return undone ? remove_one(name, rolling_back, failed)
                    : not_removed(resources_.at(name), undone.error(), failed);
    });
  }
  if (resource.replaced && resource.previous && !given_up) {
    // Two of it are there since an update failed and was not rolled back.
    auto& old = *resource.previous;
    return removal(find_type(resource.type), {old.id, old.properties, old.attributes},
                   [this, name, rolling_back, &failed](ApiResult<void> removed) -> ApiResult<Next> {
                     auto& both = resources_.at(name);
                     if (!removed) return not_removed(both, removed.error(), failed);
                     both.previous.reset();
                     both.replaced = false;
                     Changes ended(stacks_);
                     ended.put(stack_, both);
                     CHECK_OK(commit(ended));
                     return remove_one(name, rolling_back, failed);
                   });
  }
  if (!resource.now && !resource.creation_pending()) {
    Changes changes(stacks_);
    if (resource.status != "DELETE_COMPLETE" && resource.status != "DELETE_SKIPPED")
      changes.status(stack_, resource, "DELETE_COMPLETE");
    CHECK_OK(commit(changes));
    return Next{};
  }
  if (retains(resource, rolling_back)) return skip_removal(resource);
  Changes changes(stacks_);
  changes.status(stack_, resource, "DELETE_IN_PROGRESS");
  CHECK_OK(commit(changes));
  const auto& now = *resource.now;
  return removal(find_type(resource.type), {now.id, now.properties, now.attributes},
                 [this, name, &failed](ApiResult<void> removed) -> ApiResult<Next> {
                   auto& gone = resources_.at(name);
                   if (!removed) return not_removed(gone, removed.error(), failed);
                   Changes ended(stacks_);
                   ended.status(stack_, gone, "DELETE_COMPLETE");
                   gone.now.reset();
                   ended.put(stack_, gone);
                   CHECK_OK(commit(ended));
                   return Next{};
                 });
}

// The stack itself.
ApiResult<void> Run::deleted() {
  Changes changes(stacks_);
  for (const auto& output : stack_.outputs) {
    if (const auto name = json::string_at(output.as_object(), "ExportName"))
      changes.batch().erase(StackStore::key("export", *name));
  }
  CHECK_OK(erase_imports(changes));
  const auto change_sets = StackStore::key("changeset", stack_.id);
  changes.batch().erase_range(change_sets, change_sets.prefix_end());
  changes.erase_name(stack_);
  stack_.deleted = stacks_.clock().now_seconds();
  return finish(changes, "DELETE_COMPLETE");
}

ApiResult<Next> Run::clean_one(const Leftover& leftover) {
  ResourceState gone;
  gone.logical_id = leftover.logical_id;
  gone.type = leftover.type;
  gone.last_id = leftover.what.id;
  Changes changes(stacks_);
  if (leftover.retain) {
    changes.event(stack_, gone, "DELETE_SKIPPED");
    changes.erase(stack_, leftover);
    CHECK_OK(commit(changes));
    return Next{};
  }
  changes.event(stack_, gone, "DELETE_IN_PROGRESS");
  CHECK_OK(commit(changes));
  return removal(find_type(leftover.type),
                 {leftover.what.id, leftover.what.properties, leftover.what.attributes},
                 [this, gone, &leftover](ApiResult<void> removed) -> ApiResult<Next> {
                   Changes ended(stacks_);
                   // What cannot be removed stays behind: the update is complete all the same, as
                   // on AWS.
                   if (removed) {
                     ended.event(stack_, gone, "DELETE_COMPLETE");
                   } else {
                     ended.event(stack_, gone, "DELETE_FAILED", failure_reason(removed.error()));
                   }
                   ended.erase(stack_, leftover);
                   CHECK_OK(commit(ended));
                   return Next{};
                 });
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
  CHECK_OK(run_graph(
      *steps_, order, turned_around(needs),
      [&](const std::string& key) { return clean_one(*by_key.at(key)); },
      [this] { return not_stopped(); }));
  if (engine_.stopping()) return {};
  leftovers_.clear();
  Changes changes(stacks_);
  return finish(changes, back ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE");
}

}  // namespace dew::cloudformation
