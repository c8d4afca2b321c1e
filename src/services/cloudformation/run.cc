#include "services/cloudformation/run.h"

#include "base/ids.h"

namespace dew::cloudformation {

namespace {

std::string_view handler_code(const aws::ApiError& error) {
  if (says_already_exists(error)) return "AlreadyExists";
  if (says_not_found(error)) return "NotFound";
  if (error.code.starts_with("AccessDenied")) return "AccessDenied";
  if (error.code.find("Limit") != std::string::npos) return "ServiceLimitExceeded";
  if (error.code.starts_with("Throttl") || error.code == "TooManyRequestsException")
    return "Throttling";
  if (error.status >= 500) return "ServiceInternalError";
  return "InvalidRequest";
}

aws::Identity service_identity(Engine& engine) {
  return {engine.context().config.account, "cloudformation.amazonaws.com",
          "cloudformation.amazonaws.com", ""};
}

// Whoever asked, or the stack's role. A role that may no longer be assumed leaves the service with
// its own name, which may do nothing.
aws::Identity acting_identity(Engine& engine, const Stack& stack) {
  if (!stack.operation) return {};
  // Without one of its own, an operation uses the role that the stack was given before.
  const auto& role = stack.operation->role_arn.empty() ? stack.role_arn : stack.operation->role_arn;
  if (role.empty()) return stack.operation->identity;
  auto assumed = assume_for_stacks(engine, role);
  return assumed ? std::move(*assumed) : service_identity(engine);
}

}  // namespace

ApiResult<aws::Identity> assume_for_stacks(Engine& engine, const std::string& role) {
  TRY(const auto assumed,
      engine.context().caller.call(service_identity(engine), "sts", "AssumeRole",
                                   {{"RoleArn", role}, {"RoleSessionName", "AWSCloudFormation"}}));
  const auto* user = json::object_at(assumed.as_object(), "AssumedRoleUser");
  if (user == nullptr) return invalid("the role cannot be assumed");
  return aws::Identity{engine.context().config.account, json::string_or(*user, "Arn"),
                       json::string_or(*user, "AssumedRoleId"), ""};
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& item : texts) out += (out.empty() ? "" : ", ") + item;
  return out;
}

std::string failure_reason(const aws::ApiError& error) {
  // A finding of the engine itself is told as it is.
  if (error.code == "ValidationError") return error.message;
  return fmt::format(
      "Resource handler returned message: \"{} ({})\" (RequestToken: {}, HandlerErrorCode: {})",
      error.message, error.code, uuid_v4(), handler_code(error));
}

Run::Run(Engine& engine, Stack stack)
    : engine_(engine),
      stacks_(engine.stacks()),
      stack_(std::move(stack)),
      session_(engine.context().caller, acting_identity(engine, stack_),
               engine.context().config.account, engine.context().config.region,
               {.engine = &engine,
                .id = stack_.id,
                .name = stack_.name,
                .root_id = stack_.root_id.empty() ? stack_.id : stack_.root_id,
                .operation = stack_.operation ? fmt::format("{}", stack_.operation->began) : "",
                .capabilities =
                    stack_.operation ? stack_.operation->capabilities : std::vector<std::string>{},
                .keeps_failed =
                    stack_.operation && stack_.operation->on_failure == OnFailure::kNothing}),
      steps_(engine.steps()) {
  if (stack_.operation && stack_.operation->kind == OperationKind::kCreate &&
      stack_.timeout_minutes > 0) {
    interruption_.deadline_seconds =
        stack_.operation->began + static_cast<double>(stack_.timeout_minutes * 60);
    time_out_.emplace(engine.alarm(interruption_.deadline_seconds));
  }
}

ApiResult<void> Run::load() {
  TRY(resources_, stacks_.resources(stack_.id));
  TRY(leftovers_, stacks_.leftovers(stack_.id));
  return {};
}

ApiResult<void> Run::go() {
  CHECK_OK(load());
  while (stack_.operation && !stack_.operation->paused && !engine_.stopping()) {
    switch (stack_.operation->phase) {
      case Phase::kApply:
        CHECK_OK(apply());
        break;
      case Phase::kRollback:
        CHECK_OK(stack_.operation->kind == OperationKind::kCreate ? remove_all() : roll_back());
        break;
      case Phase::kCleanup:
      case Phase::kRollbackCleanup:
        CHECK_OK(clean_up());
        break;
      case Phase::kDelete:
        CHECK_OK(remove_all());
        break;
    }
  }
  return {};
}

bool Run::interrupted(const ResourceType& type) const {
  if (engine_.stopping() || (interruption_.abandoned && !type.waits_out_failures)) return true;
  if (interruption_.deadline_seconds > 0 &&
      stacks_.clock().now_seconds() >= interruption_.deadline_seconds) {
    return true;
  }
  const auto cancel = stacks_.cancel_request(stack_.id);
  return cancel && !cancel->empty();
}

// Whether another resource may be started. The first time that it may not for a reason of the
// stack's own, those that are being made no longer count.
ApiResult<bool> Run::may_go_on() {
  if (engine_.stopping() || failed() || deletion_asked_) return false;
  TRY(const auto cancel, stacks_.cancel_request(stack_.id));
  if (cancel == "delete" && stack_.operation->kind == OperationKind::kCreate) {
    deletion_asked_ = true;
  } else if (cancel == "cancel") {
    failure_ = "Stack update cancelled. ";
  } else if (interruption_.deadline_seconds > 0 &&
             stacks_.clock().now_seconds() >= interruption_.deadline_seconds) {
    failure_ = "Stack creation time exceeded the specified timeout. ";
  } else {
    return true;
  }
  Changes changes(stacks_);
  cancel_others(changes);
  CHECK_OK(commit(changes));
  return false;
}

ApiResult<void> Run::finish(Changes& changes, std::string_view status, std::string_view reason,
                            WayBack way_back) {
  std::lock_guard lock(engine_.mutex());
  for (auto& [name, resource] : resources_) {
    if (!resource.previous && !resource.attempt && !resource.created && !resource.replaced)
      continue;
    if (way_back == WayBack::kKeep) {
      changes.put(stack_, resource);
      continue;
    }
    resource.previous.reset();
    // A creation that could not be undone is tried again by whatever comes next.
    if (!resource.creation_pending()) resource.attempt.reset();
    resource.created = resource.replaced = false;
    changes.put(stack_, resource);
  }
  changes.status(stack_, status, reason);
  // Whoever asked for the deletion of a stack that was still being created gets it now.
  TRY(const auto cancel, stacks_.cancel_request(stack_.id));
  if (!cancel.empty()) changes.erase_cancel(stack_.id);
  auto identity = stack_.operation->identity;
  stack_.operation.reset();
  if (cancel == "delete" && status != "DELETE_COMPLETE") {
    stack_.operation = Operation{
        .kind = OperationKind::kDelete, .phase = Phase::kDelete, .identity = std::move(identity)};
    changes.status(stack_, "DELETE_IN_PROGRESS", "User Initiated");
  }
  changes.put(stack_);
  return changes.commit();
}

}  // namespace dew::cloudformation
