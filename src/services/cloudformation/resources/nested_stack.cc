// AWS::CloudFormation::Stack: a stack within a stack, through the operations that clients call.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html
//
//   cfn nested NAME         who the parent and the root of the stack of that (generated) name are,
//                           written before it is created; and, for a way back, the template that it
//                           is to have again instead of the one at TemplateURL
//   cfn nested-goal ID      which update of the parent's the nested stack is, or was last, taking
//                           part in
//   cfn template ID before  the template that it had when that update began
#include "services/cloudformation/engine.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

bool busy(const Stack& stack) { return stack.operation && !stack.operation->paused; }

// By name while it is being created, by id afterwards. nullopt: there is none (any more).
ApiResult<std::optional<Stack>> find_nested(const Session& session, const std::string& name_or_id) {
  auto& stacks = session.stack.engine->stacks();
  auto found = stacks.find(name_or_id);
  if (found && found->parent_id == session.stack.id) return std::move(*found);
  if (!found && found.error().status >= 500) return std::unexpected(std::move(found).error());
  return std::nullopt;
}

ApiResult<void> announce(const Session& session, const std::string& name,
                         std::optional<std::string> tmpl) {
  json::Object record{{"ParentId", session.stack.id}, {"RootId", session.stack.root_id}};
  if (tmpl) record["Template"] = *tmpl;
  store::Batch batch;
  services::save(batch, StackStore::key("nested", name), record);
  CHECK_OK(session.stack.engine->stacks().store().commit(batch));
  return {};
}

json::Object input_of(const Session& session, const json::Object& properties) {
  json::Object input{{"TemplateURL", text(properties, "TemplateURL")},
                     {"Capabilities", to_json(session.stack.capabilities)}};
  copy(input, properties, {"Tags"});
  json::Array parameters;
  if (const auto* given = json::object_at(properties, "Parameters")) {
    for (const auto& [key, value] : *given)
      parameters.emplace_back(json::Object{{"ParameterKey", key}, {"ParameterValue", value}});
  }
  input["Parameters"] = std::move(parameters);
  return input;
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  TRY(const auto there, find_nested(session, desired.name));
  auto id = there ? there->id : std::string();
  if (!there) {  // else: of before a crash
    CHECK_OK(announce(session, desired.name, std::nullopt));
    auto input = input_of(session, desired.properties);
    input["StackName"] = desired.name;
    input["DisableRollback"] = session.stack.keeps_failed;
    copy(input, desired.properties, {"TimeoutInMinutes"});
    TRY(const auto made, session.call("cloudformation", "CreateStack", std::move(input)));
    id = text(made, "StackId");
  }
  return Instance{id, desired.properties, {}};
}

// Notes that this update of the parent's begins, once.
ApiResult<void> begin_goal(const Session& session, const Stack& nested, const Desired& desired) {
  auto& stacks = session.stack.engine->stacks();
  const auto key = StackStore::key("nested-goal", nested.id);
  const json::Object goal{{"Operation", session.stack.operation},
                          {"Back", desired.back},
                          {"Properties", desired.properties}};
  TRY(const auto before, services::load(stacks.store(), key));
  if (before && *before == goal) return {};
  StackStore::Changes changes(stacks);
  services::save(changes.batch(), key, goal);
  if (!desired.back) {
    TRY(const auto current, stacks.template_text(nested.id, "current"));
    changes.put_template(nested.id, "before", current);
  }
  return changes.commit();
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  if (differs(current.properties, desired.properties, "TimeoutInMinutes") && !desired.back)
    return refused_update("Updates to the property TimeoutInMinutes are not supported.");
  auto& engine = *session.stack.engine;
  TRY(auto nested, find_nested(session, current.id));
  if (!nested) return invalid(fmt::format("Stack with id {} does not exist", current.id));
  Instance interrupted{current.id, desired.properties, {{"_Interrupted", true}}};
  if (busy(*nested) && desired.back) {
    // What it was told to become does not count any more.
    (void)session.call("cloudformation", "CancelUpdateStack", {{"StackName", current.id}});
  }
  ApiResult<std::optional<Stack>> seen = nested;
  engine.bell().wait([&] {
    seen = find_nested(session, current.id);
    return !seen || !*seen || !busy(**seen) || engine.stopping();
  });
  TRY(nested, std::move(seen));
  if (!nested || busy(*nested)) return interrupted;
  if (nested->status == "UPDATE_ROLLBACK_FAILED") {
    CHECK_OK(session.call("cloudformation", "ContinueUpdateRollback", {{"StackName", nested->id}}));
    return Instance{current.id, desired.properties, {{"_Continued", true}}};
  }
  CHECK_OK(begin_goal(session, *nested, desired));
  std::optional<std::string> tmpl;
  if (desired.back) {
    TRY(tmpl, engine.stacks().template_text(nested->id, "before"));
  }
  CHECK_OK(announce(session, nested->name, std::move(tmpl)));
  auto input = input_of(session, desired.properties);
  input["StackName"] = nested->id;
  input["DisableRollback"] = session.stack.keeps_failed;
  auto begun = session.call("cloudformation", "UpdateStack", std::move(input));
  if (begun) return Instance{current.id, desired.properties, {}};
  if (begun.error().message == "No updates are to be performed.")
    return Instance{current.id, desired.properties, {{"_Same", true}}};
  return std::unexpected(std::move(begun).error());
}

ApiResult<void> remove(const Session& session, const Instance& it) {
  TRY(const auto nested, find_nested(session, it.id));
  if (!nested) return {};
  CHECK_OK(session.call("cloudformation", "DeleteStack", {{"StackName", nested->id}}));
  return {};
}

Instance with_outputs(const Stack& stack, const json::Object& properties) {
  Instance out{stack.id, properties, {}};
  for (const auto& output : stack.outputs) {
    out.attributes["Outputs." + text(output.as_object(), "OutputKey")] =
        text(output.as_object(), "OutputValue");
  }
  return out;
}

ApiResult<std::optional<Instance>> ended(const std::optional<Stack>& nested, Work work,
                                         const Instance& begun) {
  const auto failed = [&](std::string_view what, std::string_view why) {
    return invalid(
        fmt::format("Embedded stack {} was not successfully {}: {}", begun.id, what, why));
  };
  if (work == Work::kRemove) {
    if (!nested || nested->status == "DELETE_COMPLETE") return begun;
    return failed("deleted", nested->reason);
  }
  if (!nested) return invalid(fmt::format("Stack with id {} does not exist", begun.id));
  const bool good = work == Work::kCreate ? nested->status == "CREATE_COMPLETE"
                                          : nested->status == "UPDATE_COMPLETE" ||
                                                begun.attributes.contains("_Same") ||
                                                (begun.attributes.contains("_Continued") &&
                                                 nested->status == "UPDATE_ROLLBACK_COMPLETE");
  if (good) return with_outputs(*nested, begun.properties);
  return failed(work == Work::kCreate ? "created" : "updated", nested->failure);
}

ApiResult<std::optional<Instance>> wait(const Session& session, Work work, const Instance& begun,
                                        const Interrupted& interrupted) {
  if (begun.attributes.contains("_Interrupted") && work == Work::kUpdate) return std::nullopt;
  ApiResult<std::optional<Stack>> nested;
  session.stack.engine->bell().wait([&] {
    nested = find_nested(session, begun.id);
    return !nested || !*nested || !busy(**nested) || interrupted();
  });
  CHECK_OK(nested);
  if (*nested && busy(**nested)) return std::nullopt;
  return ended(*nested, work, begun);
}

}  // namespace

void add_nested_stack_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::CloudFormation::Stack",
      .schema = "TemplateURL! string  Parameters < string >  TimeoutInMinutes int  " DEW_TAGS
                "NotificationARNs unsupported",
      .attributes = {"Outputs."},
      .naming = Naming{"", 128, false},
      .always_updates = true,
      .create = create,
      .update = update,
      .remove = remove,
      .wait = wait,
  });
}

}  // namespace dew::cloudformation
