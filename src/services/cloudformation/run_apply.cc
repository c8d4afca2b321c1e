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

bool requires_replacement(const ResourceType& type, const std::vector<std::string>& changed) {
  if (!type.update) return true;
  return std::ranges::any_of(changed, [&](const auto& name) {
    const auto* property = type.shape->member(name);
    return property != nullptr && property->replaces;
  });
}

}  // namespace

ApiResult<void> Run::apply() {
  auto& operation = *stack_.operation;
  const bool creating = operation.kind == OperationKind::kCreate;
  TRY(const auto text, stacks_.template_text(stack_.id, "next"));
  auto prepared =
      make_blueprint(stacks_, session_, stack_, text, operation.given, operation.notification_arns);
  if (!prepared) {
    failure_ = prepared.error().message;
    return apply_failed();
  }
  blueprint_ = std::move(*prepared);
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
      return invalid(fmt::format(
          "Template error: resource {} does not support attribute type {} in Fn::GetAtt", name,
          attribute));
    }
    return *value;
  };
  for (const auto& name : blueprint_->order.names) {
    TRY(const auto cancel, stacks_.cancel_request(stack_.id));
    if (cancel == "delete" && creating) {
      Changes changes(stacks_);
      changes.erase_cancel(stack_.id);
      operation.kind = OperationKind::kDelete;
      operation.phase = Phase::kDelete;
      changes.status(stack_, "DELETE_IN_PROGRESS", "User Initiated");
      return changes.commit();
    }
    if (cancel == "cancel") {
      failure_ = "Stack update cancelled. ";
      return apply_failed();
    }
    if (creating && stack_.timeout_minutes > 0 &&
        stacks_.clock().now_seconds() - operation.began >
            static_cast<double>(stack_.timeout_minutes * 60)) {
      failure_ = "Stack creation time exceeded the specified timeout. ";
      return apply_failed();
    }
    CHECK_OK(apply_one(name));
    if (failed()) return apply_failed();
  }
  return applied();
}

ApiResult<void> Run::apply_one(const std::string& name) {
  const auto& declared = *blueprint_->tmpl.resource(name);
  const auto& type = *find_type(declared.type);
  auto& resource = resources_[name];
  if (resource.now && resource.type != declared.type) {
    failure_ = fmt::format(
        "Update of resource type is not permitted. The new template modifies resource type of the "
        "following resources: [{}]",
        name);
    return {};
  }
  resource.logical_id = name;
  resource.type = declared.type;
  // A creation that a crash interrupted is undone first, then made anew.
  if (resource.attempt && resource.attempt->kind == Attempt::Kind::kCreate)
    CHECK_OK(discard(resource));

  auto properties = blueprint_->properties(name, stack_.operation->tags);
  if (!properties) {
    Changes changes(stacks_);
    fail(resource, changes, !resource.now, properties.error());
    return commit(changes);
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
  if (changed.empty() && !resource.attempt) {
    auto& now = *resource.now;
    if (now.needs == target.needs && now.deletion_policy == target.deletion_policy &&
        now.replace_policy == target.replace_policy) {
      return {};
    }
    if (!resource.previous) resource.previous = now;
    now.needs = target.needs;
    now.deletion_policy = target.deletion_policy;
    now.replace_policy = target.replace_policy;
    Changes changes(stacks_);
    changes.put(stack_, resource);
    return commit(changes);
  }
  if (requires_replacement(type, changed)) return create(resource, type, std::move(target), true);
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

ApiResult<void> Run::create(ResourceState& resource, const ResourceType& type, Snapshot target,
                            bool replacing) {
  Changes changes(stacks_);
  const auto began = replacing ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS";
  changes.status(
      stack_, resource, began,
      replacing
          ? "Requested update requires the creation of a new physical resource; hence creating one."
          : "");
  Attempt attempt{
      .kind = Attempt::Kind::kCreate, .name = "", .before = {}, .target = std::move(target)};
  if (auto planned = plan_creation(type, resource, attempt); !planned) {
    fail(resource, changes, !replacing, planned.error());
    return commit(changes);
  }
  resource.attempt = attempt;
  changes.put(stack_, resource);
  CHECK_OK(commit(changes));

  auto made = type.create(session_, {resource.logical_id, attempt.name, attempt.target.properties});
  if (!made) {
    fail(resource, changes, !replacing, made.error());
    return commit(changes);
  }
  auto now = std::move(attempt.target);
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
  changes.status(stack_, resource, began, "Resource creation Initiated");
  changes.status(stack_, resource, replacing ? "UPDATE_COMPLETE" : "CREATE_COMPLETE");
  return commit(changes);
}

ApiResult<void> Run::update(ResourceState& resource, const ResourceType& type, Snapshot target) {
  Changes changes(stacks_);
  resource.attempt =
      Attempt{.kind = Attempt::Kind::kUpdate, .name = "", .before = {}, .target = target};
  changes.status(stack_, resource, "UPDATE_IN_PROGRESS");
  CHECK_OK(commit(changes));
  const auto& old = *resource.now;
  auto made = type.update(session_, {old.id, old.properties, old.attributes},
                          {resource.logical_id, old.id, target.properties});
  if (!made) {
    fail(resource, changes, false, made.error());
    return commit(changes);
  }
  target.id = std::move(made->id);
  target.attributes = std::move(made->attributes);
  if (!resource.previous) resource.previous = std::move(resource.now);
  resource.now = std::move(target);
  resource.attempt.reset();
  changes.status(stack_, resource, "UPDATE_COMPLETE");
  return commit(changes);
}

void Run::fail(ResourceState& resource, Changes& changes, bool creating,
               const aws::ApiError& error) {
  (creating ? failed_creates_ : failed_updates_).push_back(resource.logical_id);
  changes.status(stack_, resource, creating ? "CREATE_FAILED" : "UPDATE_FAILED",
                 failure_reason(error));
}

// Every resource is as the template says: outputs and exports, then what the template no longer
// has.
ApiResult<void> Run::applied() {
  auto& operation = *stack_.operation;
  auto evaluated = blueprint_->outputs();
  auto allowed = evaluated ? ApiResult<void>{} : std::unexpected(evaluated.error());
  std::unique_lock lock(engine_.mutex());
  if (allowed) allowed = check_exports(*evaluated);
  if (!allowed) {
    lock.unlock();
    failure_ = allowed.error().message;
    return apply_failed();
  }
  Changes changes(stacks_);
  for (const auto& output : stack_.outputs) {
    if (const auto name = json::string_at(output.as_object(), "ExportName"))
      changes.batch().erase(StackStore::key("export", *name));
  }
  for (const auto& output : *evaluated) {
    if (const auto name = json::string_at(output.as_object(), "ExportName")) {
      services::save(changes.batch(), StackStore::key("export", *name),
                     json::Object{{"StackId", stack_.id}, {"Value", output.at("OutputValue")}});
    }
  }
  TRY(auto current, stacks_.template_text(stack_.id, "next"));
  CHECK_OK(services::scan(
      stacks_.store(), store::Key("cfn").add("imports").add(stack_.id), {},
      [&](std::string_view key, const json::Object& record) {
        changes.batch().erase(key);
        changes.batch().erase(
            StackStore::key("import", json::string_or(record, "Name")).add(stack_.id));
        return true;
      }));
  for (const auto& name : blueprint_->imported) {
    changes.batch().put(StackStore::key("import", name).add(stack_.id), "{}");
    services::save(changes.batch(), store::Key("cfn").add("imports").add(stack_.id).add(name),
                   {{"Name", name}});
  }
  stack_.outputs = std::move(*evaluated);
  stack_.given = blueprint_->parameters.given;
  stack_.resolved = blueprint_->parameters.resolved;
  stack_.hidden = hidden_parameters(blueprint_->tmpl);
  stack_.tags = operation.tags;
  stack_.capabilities = operation.capabilities;
  stack_.notification_arns = operation.notification_arns;
  stack_.role_arn = operation.role_arn;
  stack_.description = blueprint_->tmpl.description;
  changes.put_template(stack_.id, "current", current);
  for (auto it = resources_.begin(); it != resources_.end();) {
    auto& resource = it->second;
    const bool wanted =
        std::ranges::find(blueprint_->order.names, it->first) != blueprint_->order.names.end();
    if (!wanted) {
      if (resource.now)
        leave(changes, resource, *resource.now,
              resource.now->deletion_policy == "Retain" ||
                  resource.now->deletion_policy == "RetainExceptOnCreate");
      changes.erase(stack_, resource);
      it = resources_.erase(it);
      continue;
    }
    if (resource.replaced && resource.previous) {
      leave(changes, resource, *resource.previous,
            resource.previous->replace_policy.starts_with("Retain"));
    }
    resource.previous.reset();
    resource.created = resource.replaced = false;
    changes.put(stack_, resource);
    ++it;
  }
  if (operation.kind == OperationKind::kUpdate) {
    operation.phase = Phase::kCleanup;
    changes.status(stack_, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
    return changes.commit();
  }
  lock.unlock();
  return finish(changes, "CREATE_COMPLETE");
}

// With the engine's lock held.
ApiResult<void> Run::check_exports(const json::Array& outputs) {
  std::map<std::string, std::string> names;
  for (const auto& output : outputs) {
    const auto name = json::string_or(output.as_object(), "ExportName");
    if (name.empty()) continue;
    if (!names.emplace(name, json::string_or(output.as_object(), "OutputValue")).second) {
      return invalid(fmt::format(
          "Duplicate Export names. More than one Output has been given the name '{}'.", name));
    }
    TRY(const auto there, stacks_.exported(name));
    if (there && json::string_or(*there, "StackId") != stack_.id) {
      return invalid(
          fmt::format("Export with name {} is already exported by stack {}. Rerun deployment with "
                      "a different export name",
                      name, json::string_or(*there, "StackId")));
    }
  }
  for (const auto& output : stack_.outputs) {
    const auto name = json::string_or(output.as_object(), "ExportName");
    if (name.empty()) continue;
    const auto it = names.find(name);
    if (it != names.end() && it->second == json::string_or(output.as_object(), "OutputValue"))
      continue;
    TRY(const auto users, stacks_.importers(name));
    if (!users.empty()) {
      return invalid(fmt::format("Export {} cannot be {} as it is in use by {}", name,
                                 it == names.end() ? "deleted" : "updated", users.front()));
    }
  }
  return {};
}

ApiResult<void> Run::apply_failed() {
  auto& operation = *stack_.operation;
  const bool creating = operation.kind == OperationKind::kCreate;
  std::string reason = failure_;
  if (!failed_creates_.empty())
    reason +=
        fmt::format("The following resource(s) failed to create: [{}]. ", joined(failed_creates_));
  if (!failed_updates_.empty())
    reason +=
        fmt::format("The following resource(s) failed to update: [{}]. ", joined(failed_updates_));
  failed_creates_.clear();
  failed_updates_.clear();
  failure_.clear();
  Changes changes(stacks_);
  if (operation.on_failure == OnFailure::kNothing) {
    for (auto& [name, resource] : resources_) {
      if (resource.attempt && resource.attempt->kind == Attempt::Kind::kCreate)
        CHECK_OK(discard(resource));
      if (resource.replaced && resource.previous)
        leave(changes, resource, *resource.previous, true);
    }
    return finish(changes, creating ? "CREATE_FAILED" : "UPDATE_FAILED", reason);
  }
  changes.erase_cancel(stack_.id);
  operation.phase = Phase::kRollback;
  if (!creating) {
    changes.status(stack_, "UPDATE_ROLLBACK_IN_PROGRESS", reason);
  } else if (operation.on_failure == OnFailure::kDelete) {
    operation.kind = OperationKind::kDelete;
    operation.phase = Phase::kDelete;
    changes.status(stack_, "DELETE_IN_PROGRESS", reason + "Delete requested by user.");
  } else {
    changes.status(stack_, "ROLLBACK_IN_PROGRESS", reason + "Rollback requested by user.");
  }
  return commit(changes);
}

}  // namespace dew::cloudformation
