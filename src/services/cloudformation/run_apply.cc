// Towards the template: create, update and replace resources in dependency order.
#include <algorithm>

#include "base/ids.h"
#include "services/cloudformation/run.h"

namespace dew::cloudformation {

namespace {

// STACK-LOGICAL-RANDOM as CloudFormation makes it: the parts are cut so that the whole fits.
std::string generated_name(const Naming& naming, const std::string& stack,
                           const std::string& logical_id) {
  constexpr size_t kRandom = 12;
  const size_t room = naming.max - kRandom - 2;
  auto a = stack;
  auto b = logical_id;
  if (a.size() + b.size() > room) {
    const size_t half = room / 2;
    if (b.size() <= room - half) {
      a.resize(std::min(a.size(), room - b.size()));
    } else {
      a.resize(std::min(a.size(), half));
      b.resize(std::min(b.size(), room - a.size()));
    }
  }
  std::string out = fmt::format("{}-{}-{}", a, b, random_upper_alnum(kRandom));
  if (naming.lower_case) {
    std::ranges::transform(out, out.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
  }
  return out;
}

std::vector<std::string> changed_properties(const json::Object& before, const json::Object& now) {
  std::vector<std::string> out;
  for (const auto& [name, value] : now) {
    const auto* old = json::find(before, name);
    if (old == nullptr || *old != value) out.emplace_back(name);
  }
  for (const auto& [name, value] : before) {
    if (!now.contains(name)) out.emplace_back(name);
  }
  return out;
}

}  // namespace

void Run::resolve_references() {
  blueprint_->environment.ref = [this](std::string_view name) -> ApiResult<json::Value> {
    const auto it = resources_.find(std::string(name));
    if (it == resources_.end() || !it->second.now) {
      return invalid(fmt::format("Template error: resource {} does not exist", name));
    }
    return json::String(it->second.now->id);
  };
  blueprint_->environment.get_att = [this](std::string_view name,
                                           std::string_view attribute) -> ApiResult<json::Value> {
    const auto it = resources_.find(std::string(name));
    const auto* value = it == resources_.end() || !it->second.now
                            ? nullptr
                            : json::find(it->second.now->attributes, attribute);
    if (value == nullptr) {
      if (it != resources_.end() && it->second.now &&
          it->second.now->attributes.contains("_RequestId")) {
        return invalid(fmt::format(
            "CustomResource attribute error: Vendor response doesn't contain {} attribute in "
            "object {}|{}|{}",
            attribute, stack_.id, name, json::string_or(it->second.now->attributes, "_RequestId")));
      }
      return invalid(fmt::format(
          "Template error: resource {} does not support attribute type {} in Fn::GetAtt", name,
          attribute));
    }
    if (it->second.now->attributes.contains("_NoEcho")) blueprint_->hides = true;
    return *value;
  };
}

ApiResult<void> Run::apply() {
  auto& operation = *stack_.operation;
  TRY(const auto text, stacks_.template_text(stack_.id, "next"));
  auto prepared =
      make_blueprint(stacks_, session_, stack_, text, operation.given, operation.notification_arns);
  if (!prepared) {
    failure_ = prepared.error().message;
    return apply_failed();
  }
  blueprint_ = std::move(*prepared);
  resolve_references();
  if (!operation.stack_policy.empty()) {
    auto policy = StackPolicy::parse(operation.stack_policy);
    // One that an earlier version took and this one does not understand protects everything.
    policy_ = policy ? std::move(*policy) : StackPolicy();
  }
  interruption_.abandoned = false;
  CHECK_OK(run_graph(
      *steps_, blueprint_->order.names, blueprint_->order.needs,
      [this](const std::string& name) { return apply_one(name); }, [this] { return may_go_on(); }));
  making_.clear();
  cancelled_.clear();
  if (engine_.stopping()) return {};
  CHECK_OK(check_removals());
  TRY(const auto whole, may_go_on());  // what came too late for anything to be started after it
  if (deletion_asked_) {
    Changes changes(stacks_);
    changes.erase_cancel(stack_.id);
    deletion_asked_ = false;
    operation.kind = OperationKind::kDelete;
    operation.phase = Phase::kDelete;
    changes.status(stack_, "DELETE_IN_PROGRESS", "User Initiated");
    return changes.commit();
  }
  return whole ? applied() : apply_failed();
}

ApiResult<Next> Run::apply_one(const std::string& name) {
  const auto& declared = *blueprint_->tmpl.resource(name);
  auto& resource = resources_[name];
  if (resource.now && resource.type != declared.type) {
    failure_ = fmt::format(
        "Update of resource type is not permitted. The new template modifies resource type of the "
        "following resources: [{}]",
        name);
    Changes changes(stacks_);
    cancel_others(changes);
    CHECK_OK(commit(changes));
    return Next{};
  }
  resource.logical_id = name;
  resource.type = declared.type;
  // A creation that a crash interrupted is undone first, then made anew, unless it can go on.
  if (resource.creation_pending()) {
    const auto* type = find_type(declared.type);
    if (!type->wait || !type->takes_up_creations) {
      return undo(resource, [this, name](ApiResult<void> undone) -> ApiResult<Next> {
        if (undone) return aim(name);
        Changes changes(stacks_);
        auto& stays = resources_.at(name);
        return failed_one(stays, changes, !stays.now, undone.error());
      });
    }
  }
  return aim(name);
}

// Empty where the stack's policy lets this update do it.
std::string Run::denied(std::string_view action, const ResourceState& resource) const {
  if (!policy_) return {};
  return policy_->denies({action, resource.logical_id, resource.type});
}

// What the template no longer has is deleted once the update is complete, which the policy may
// forbid.
ApiResult<void> Run::check_removals() {
  if (!policy_ || failed()) return {};
  for (auto& [name, resource] : resources_) {
    if (blueprint_->order.needs.contains(name) || !resource.now || resource.created) continue;
    const auto reason = denied("Update:Delete", resource);
    if (reason.empty()) continue;
    Changes changes(stacks_);
    fail(resource, changes, false, {"ValidationError", reason});
    CHECK_OK(commit(changes));
  }
  return {};
}

// From what the resource is to what the template says.
ApiResult<Next> Run::aim(const std::string& name) {
  const auto& declared = *blueprint_->tmpl.resource(name);
  const auto& type = *find_type(declared.type);
  auto& resource = resources_.at(name);
  auto properties = blueprint_->properties(name, stack_.operation->tags);
  if (!properties) {
    Changes changes(stacks_);
    return failed_one(resource, changes, !resource.now, properties.error());
  }
  Snapshot target{.id = "",
                  .properties = std::move(*properties),
                  .attributes = {},
                  .needs = blueprint_->order.needs[name],
                  .deletion_policy = declared.deletion_policy,
                  .replace_policy = declared.update_replace_policy};
  resource.metadata = declared.metadata;
  if (!resource.now) return create(resource, type, std::move(target), false);

  const auto changed = changed_properties(resource.now->properties, target.properties);
  if (changed.empty() && !resource.attempt && !type.always_updates) {
    auto& now = *resource.now;
    if (now.needs == target.needs && now.deletion_policy == target.deletion_policy &&
        now.replace_policy == target.replace_policy) {
      return Next{};
    }
    if (!resource.previous) resource.previous = now;
    now.needs = target.needs;
    now.deletion_policy = target.deletion_policy;
    now.replace_policy = target.replace_policy;
    Changes changes(stacks_);
    changes.put(stack_, resource);
    CHECK_OK(commit(changes));
    return Next{};
  }
  const bool replaces = std::ranges::any_of(changed, [&](const auto& property) {
    return type.replaced_by(property, resource.now->properties, target.properties);
  });
  if (!resource.attempt) {
    if (const auto reason = denied(replaces ? "Update:Replace" : "Update:Modify", resource);
        !reason.empty()) {
      Changes changes(stacks_);
      return failed_one(resource, changes, false, {"ValidationError", reason});
    }
  }
  if (replaces) return create(resource, type, std::move(target), true);
  return update(resource, type, std::move(target));
}

// Decides the name, or notes which ids are there already, so that a crash can be undone.
ApiResult<void> Run::plan_creation(const ResourceType& type, ResourceState& resource,
                                   Attempt& attempt) {
  const auto& properties = attempt.target.properties;
  Desired desired{resource.logical_id, "", properties};
  if (!type.naming) {
    if (type.list) {
      TRY(attempt.before, type.list(session_, desired));
    }
    return {};
  }
  const auto& naming = *type.naming;
  const bool own = !naming.property.empty() && properties.contains(naming.property);
  attempt.name = own ? json::string_or(properties, naming.property)
                     : generated_name(naming, stack_.name, resource.logical_id);
  if (own && resource.now && attempt.name == resource.now->id) {
    return invalid(
        fmt::format("CloudFormation cannot update a stack when a custom-named resource requires "
                    "replacing. Rename {} and update the stack again.",
                    attempt.name));
  }
  if (type.exists && (own || naming.property.empty())) {
    desired.name = attempt.name;
    TRY(const auto there, type.exists(session_, desired));
    if (there) {
      return invalid(fmt::format("Resource of type '{}' with identifier '{}' already exists.",
                                 type.name, attempt.name));
    }
  }
  return {};
}

// The call, and then the wait where the type has one. Nothing of this object is touched by the
// call.
Next Run::make(const ResourceType& type, Work work, Instance current, Desired desired,
               std::move_only_function<ApiResult<Next>(ApiResult<Instance>)> then) {
  auto step = std::make_unique<Step>();
  step->call = [this, &type, work, current = std::move(current), desired = std::move(desired),
                then = std::move(then)]() mutable -> Record {
    auto made = work == Work::kCreate ? type.create(session_, desired)
                                      : type.update(session_, current, desired);
    return [this, &type, work, logical_id = desired.logical_id, made = std::move(made),
            then = std::move(then)]() mutable -> ApiResult<Next> {
      if (!made || !type.waits_for(work, *made)) return then(std::move(made));
      if (work == Work::kCreate) CHECK_OK(initiated(logical_id, made->id));
      auto waiting = std::make_unique<Step>();
      waiting->counts = Counts::kAsWait;
      waiting->call = [this, &type, work, begun = std::move(*made),
                       then = std::move(then)]() mutable -> Record {
        auto ended = type.wait(session_, work, begun, [this, &type] { return interrupted(type); });
        return [ended = std::move(ended), then = std::move(then)]() mutable -> ApiResult<Next> {
          if (!ended) return then(std::unexpected(std::move(ended).error()));
          // Interrupted: the attempt stays as it is written down, to be taken up or undone.
          if (!*ended) return Next{};
          return then(std::move(**ended));
        };
      };
      return waiting;
    };
  };
  return step;
}

// What is still being made can be looked at by its id.
ApiResult<void> Run::initiated(const std::string& name, const std::string& id) {
  auto& resource = resources_.at(name);
  resource.last_id = id;
  if (cancelled_.contains(name) || !initiated_.insert(name).second) return {};
  Changes changes(stacks_);
  changes.status(stack_, resource, resource.now ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS",
                 "Resource creation Initiated");
  return commit(changes);
}

ApiResult<Next> Run::create(ResourceState& resource, const ResourceType& type, Snapshot target,
                            bool replacing) {
  Changes changes(stacks_);
  if (!resource.creation_pending()) {
    changes.status(stack_, resource, replacing ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS",
                   replacing ? "Requested update requires the creation of a new physical resource; "
                               "hence creating one."
                             : "");
    Attempt attempt{.kind = Attempt::Kind::kCreate,
                    .name = "",
                    .before = {},
                    .made = "",
                    .target = std::move(target)};
    if (auto planned = plan_creation(type, resource, attempt); !planned) {
      return failed_one(resource, changes, !replacing, planned.error());
    }
    resource.attempt = std::move(attempt);
    changes.put(stack_, resource);
    CHECK_OK(commit(changes));
  }
  const auto& name = resource.logical_id;
  making_[name] = !replacing;
  Desired desired{name,
                  resource.attempt->name,
                  resource.attempt->target.properties,
                  resource.type,
                  false,
                  [&stacks = stacks_, id = stack_.id, name](std::string_view made) {
                    if (const auto noted = stacks.note_made(id, name, made); !noted)
                      log::error("cloudformation: {}", noted.error().message);
                  }};
  return make(type, Work::kCreate, {}, std::move(desired),
              [this, name, replacing](ApiResult<Instance> made) {
                return created(name, std::move(made), replacing);
              });
}

ApiResult<Next> Run::created(const std::string& name, ApiResult<Instance> made, bool replacing) {
  auto& resource = resources_.at(name);
  making_.erase(name);
  const bool counts = !cancelled_.contains(name);
  Changes changes(stacks_);
  if (!made) {
    // What was there already, and not because of us, is somebody else's.
    if (says_already_exists(made.error())) {
      TRY(const auto noted, stacks_.store().get(StackStore::key("made", stack_.id).add(name)));
      if (!noted) resource.attempt.reset();
    }
    if (counts) return failed_one(resource, changes, !replacing, made.error());
    changes.put(stack_, resource);
    CHECK_OK(commit(changes));
    return Next{};
  }
  auto now = std::move(resource.attempt->target);
  now.id = std::move(made->id);
  now.attributes = std::move(made->attributes);
  if (replacing) {
    // What served before this operation is what a rollback returns to.
    if (!resource.replaced) {
      if (!resource.previous) resource.previous = std::move(resource.now);
      resource.replaced = true;
    }
  } else {
    resource.created = true;
  }
  resource.now = std::move(now);
  resource.attempt.reset();
  if (counts && initiated_.contains(name)) {
    changes.status(stack_, resource, replacing ? "UPDATE_COMPLETE" : "CREATE_COMPLETE");
  } else if (counts) {
    changes.status(stack_, resource, replacing ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS",
                   "Resource creation Initiated");
    changes.status(stack_, resource, replacing ? "UPDATE_COMPLETE" : "CREATE_COMPLETE");
  } else {
    resource.last_id = resource.now->id;
    changes.put(stack_, resource);
  }
  CHECK_OK(commit(changes));
  return Next{};
}

ApiResult<Next> Run::update(ResourceState& resource, const ResourceType& type, Snapshot target) {
  const auto& old = *resource.now;
  Desired desired{resource.logical_id, old.id, target.properties, resource.type};
  Changes changes(stacks_);
  resource.attempt = Attempt{.kind = Attempt::Kind::kUpdate,
                             .name = "",
                             .before = {},
                             .made = "",
                             .target = std::move(target)};
  changes.status(stack_, resource, "UPDATE_IN_PROGRESS");
  CHECK_OK(commit(changes));
  const auto& name = resource.logical_id;
  making_[name] = false;
  return make(type, Work::kUpdate, {old.id, old.properties, old.attributes}, std::move(desired),
              [this, name](ApiResult<Instance> made) { return updated(name, std::move(made)); });
}

ApiResult<Next> Run::updated(const std::string& name, ApiResult<Instance> made) {
  auto& resource = resources_.at(name);
  making_.erase(name);
  const bool counts = !cancelled_.contains(name);
  Changes changes(stacks_);
  if (!made) {
    if (says_refused(made.error())) resource.attempt.reset();
    return counts ? failed_one(resource, changes, false, made.error()) : ApiResult<Next>(Next{});
  }
  auto target = std::move(resource.attempt->target);
  // A new id is a replacement that only the provider could know of.
  const bool replaced = made->id != resource.now->id;
  target.id = std::move(made->id);
  target.attributes = std::move(made->attributes);
  if (replaced && resource.replaced) {
    // The one in between, of an earlier life of this operation.
    leave(changes, resource, *resource.now, false);
  }
  if (!resource.previous) resource.previous = std::move(resource.now);
  resource.replaced = resource.replaced || replaced;
  resource.now = std::move(target);
  resource.attempt.reset();
  if (!counts) {
    changes.put(stack_, resource);
  } else {
    if (replaced) {
      changes.status(stack_, resource, "UPDATE_IN_PROGRESS",
                     "Requested update required the provider to create a new physical resource");
    }
    changes.status(stack_, resource, "UPDATE_COMPLETE");
  }
  CHECK_OK(commit(changes));
  return Next{};
}

ApiResult<Next> Run::failed_one(ResourceState& resource, Changes& changes, bool creating,
                                const aws::ApiError& error) {
  fail(resource, changes, creating, error);
  cancel_others(changes);
  CHECK_OK(commit(changes));
  return Next{};
}

void Run::fail(ResourceState& resource, Changes& changes, bool creating,
               const aws::ApiError& error) {
  (creating ? failed_creates_ : failed_updates_).push_back(resource.logical_id);
  changes.status(stack_, resource, creating ? "CREATE_FAILED" : "UPDATE_FAILED",
                 failure_reason(error));
}

// What is being made when the operation turns no longer counts: it is waited for, where a call
// is being made, and undone with the rest.
void Run::cancel_others(Changes& changes) {
  for (const auto& [name, creating] : making_) {
    if (!cancelled_.insert(name).second) continue;
    (creating ? failed_creates_ : failed_updates_).push_back(name);
    changes.status(stack_, resources_.at(name), creating ? "CREATE_FAILED" : "UPDATE_FAILED",
                   creating ? "Resource creation cancelled" : "Resource update cancelled");
  }
  interruption_.abandoned = true;
  engine_.bell().ring();
}

}  // namespace dew::cloudformation
