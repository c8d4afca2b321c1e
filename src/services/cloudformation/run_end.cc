// The end of the way to the template: outputs, exports and what the template no longer has; or what
// a failure makes of the operation.
#include <algorithm>

#include "services/cloudformation/run.h"

namespace dew::cloudformation {

ApiResult<void> Run::erase_imports(Changes& changes) {
  return services::scan(
      stacks_.store(), store::Key("cfn").add("imports").add(stack_.id), {},
      [&](std::string_view key, const json::Object& record) {
        changes.batch().erase(key);
        changes.batch().erase(
            StackStore::key("import", json::string_or(record, "Name")).add(stack_.id));
        return true;
      });
}

ApiResult<void> Run::put_imports(Changes& changes) {
  CHECK_OK(erase_imports(changes));
  for (const auto& name : blueprint_->imported) {
    changes.batch().put(StackStore::key("import", name).add(stack_.id), "{}");
    services::save(changes.batch(), store::Key("cfn").add("imports").add(stack_.id).add(name),
                   {{"Name", name}});
  }
  return {};
}

// Exports hold the values that importers get; what DescribeStacks shows may hide them.
void Run::put_exports(Changes& changes, const json::Array& outputs) {
  for (const auto& output : stack_.outputs) {
    if (const auto name = json::string_at(output.as_object(), "ExportName"))
      changes.batch().erase(StackStore::key("export", *name));
  }
  for (const auto& output : outputs) {
    if (const auto name = json::string_at(output.as_object(), "ExportName")) {
      services::save(changes.batch(), StackStore::key("export", *name),
                     json::Object{{"StackId", stack_.id}, {"Value", output.at("OutputValue")}});
    }
  }
}

// Every resource is as the template says: what was replaced, and what the template no longer has,
// is left over.
void Run::settle_resources(Changes& changes) {
  for (auto it = resources_.begin(); it != resources_.end();) {
    auto& resource = it->second;
    const bool wanted =
        std::ranges::find(blueprint_->order.names, it->first) != blueprint_->order.names.end();
    if (!wanted) {
      // An earlier operation's, which could not be undone then.
      if (resource.creation_pending()) leave_attempt(changes, resource);
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
}

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
  put_exports(changes, *evaluated);
  TRY(const auto current, stacks_.template_text(stack_.id, "next"));
  TRY(const auto original, stacks_.original_text(stack_.id, "next"));
  CHECK_OK(put_imports(changes));
  for (auto& output : *evaluated) {
    // docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html (NoEcho)
    if (output.as_object().erase("_Hidden") > 0) output.as_object()["OutputValue"] = "****";
  }
  stack_.outputs = std::move(*evaluated);
  stack_.failure.clear();
  stack_.given = blueprint_->parameters.given;
  stack_.resolved = blueprint_->parameters.resolved;
  stack_.hidden = hidden_parameters(blueprint_->tmpl);
  stack_.tags = operation.tags;
  stack_.capabilities = operation.capabilities;
  stack_.notification_arns = operation.notification_arns;
  stack_.role_arn = operation.role_arn;
  stack_.description = blueprint_->tmpl.description;
  changes.put_template(stack_.id, "current", current, original);
  settle_resources(changes);
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

// DisableRollback: everything stays, so that somebody can look at it.
ApiResult<void> Run::keep_failed() {
  Dependencies needs;
  std::vector<std::string> order;
  for (const auto& [name, resource] : resources_) {
    if (resource.creation_pending()) order.push_back(name);
  }
  CHECK_OK(run_graph(
      *steps_, order, needs,
      [this](const std::string& name) {
        return undo(resources_.at(name), [this, name](ApiResult<void> undone) -> ApiResult<Next> {
          if (undone) return Next{};
          auto& stays = resources_.at(name);
          Changes changes(stacks_);
          changes.event(stack_, stays, "DELETE_FAILED", failure_reason(undone.error()));
          changes.put(stack_, stays);
          CHECK_OK(commit(changes));
          return Next{};
        });
      },
      [this] { return not_stopped(); }));
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
  stack_.failure = reason.ends_with(' ') ? reason.substr(0, reason.size() - 1) : reason;
  failed_creates_.clear();
  failed_updates_.clear();
  failure_.clear();
  Changes changes(stacks_);
  if (operation.on_failure == OnFailure::kNothing) {
    CHECK_OK(keep_failed());
    if (engine_.stopping()) return {};
    // The way back stays open: RollbackStack.
    return finish(changes, creating ? "CREATE_FAILED" : "UPDATE_FAILED", reason,
                  creating ? WayBack::kForget : WayBack::kKeep);
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
