// Operations on templates alone.
#include <algorithm>

#include "services/cloudformation/api.h"

namespace dew::cloudformation {

namespace {

void add_capabilities(json::Object& out, const Template& tmpl) {
  const auto needed = capabilities(tmpl);
  if (needed.needed.empty()) return;
  std::string types;
  for (const auto& type : needed.types) types += (types.empty() ? "" : ", ") + type;
  out["Capabilities"] = json::Array{json::String(needed.needed)};
  out["CapabilitiesReason"] = "The following resource(s) require capabilities: [" + types + "]";
}

ApiResult<json::Value> validate_template(Engine& engine, Call& call) {
  TRY(const auto text, template_input(engine, call));
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  TRY(const auto tmpl, parse_template(*text));
  CHECK_OK(validate(tmpl));
  json::Array parameters;
  for (const auto& [name, declared] : tmpl.parameters) {
    json::Object parameter{{"ParameterKey", name}, {"NoEcho", declared.no_echo}};
    if (declared.default_value) parameter["DefaultValue"] = *declared.default_value;
    if (!declared.description.empty()) parameter["Description"] = declared.description;
    parameters.emplace_back(std::move(parameter));
  }
  json::Object out{{"Parameters", std::move(parameters)}};
  if (!tmpl.description.empty()) out["Description"] = tmpl.description;
  add_capabilities(out, tmpl);
  return out;
}

ApiResult<json::Value> summary(Engine& engine, Call& call) {
  if (call.input.contains("StackSetName"))
    return invalid("Dewpoint does not support StackSetName yet");
  TRY(auto text, template_input(engine, call));
  if (const auto name = json::string_at(call.input, "StackName")) {
    if (text)
      return invalid("Only one of StackName, TemplateBody or TemplateURL must be specified.");
    TRY(const auto stack, engine.stacks().find(*name));
    TRY(text, engine.stacks().template_text(stack.id, "current"));
  }
  if (!text) return invalid("Either StackName or TemplateBody or TemplateURL must be specified.");
  TRY(const auto tmpl, parse_template(*text));
  json::Array parameters;
  for (const auto& [name, declared] : tmpl.parameters) {
    json::Object constraints;
    if (!declared.allowed_values.empty())
      constraints["AllowedValues"] = to_json(declared.allowed_values);
    json::Object parameter{{"ParameterKey", name},
                           {"ParameterType", declared.type},
                           {"NoEcho", declared.no_echo},
                           {"ParameterConstraints", std::move(constraints)}};
    if (declared.default_value) parameter["DefaultValue"] = *declared.default_value;
    if (!declared.description.empty()) parameter["Description"] = declared.description;
    parameters.emplace_back(std::move(parameter));
  }
  json::Array types;
  for (const auto& [name, resource] : tmpl.resources) {
    if (std::ranges::find(types, json::Value(resource.type)) == types.end())
      types.emplace_back(resource.type);
  }
  json::Object out{{"Parameters", std::move(parameters)},
                   {"ResourceTypes", std::move(types)},
                   {"Version", "2010-09-09"}};
  if (!tmpl.description.empty()) out["Description"] = tmpl.description;
  if (!tmpl.metadata.is_null()) out["Metadata"] = json::dump(tmpl.metadata);
  add_capabilities(out, tmpl);
  return out;
}

ApiResult<json::Value> get_template(Engine& engine, Call& call) {
  const auto change_set = json::string_or(call.input, "ChangeSetName");
  json::Object out{{"StagesAvailable", json::Array{"Original", "Processed"}}};
  if (change_set.empty()) {
    const auto name = json::string_or(call.input, "StackName");
    if (name.empty()) return invalid("StackName is required");
    TRY(const auto stack, engine.stacks().find(name));
    TRY(out["TemplateBody"], engine.stacks().template_text(stack.id, "current"));
    return out;
  }
  std::optional<std::string> text;
  const auto stack_name = json::string_or(call.input, "StackName");
  std::string stack_id;
  if (!stack_name.empty()) {
    TRY(const auto stack, engine.stacks().find(stack_name));
    stack_id = stack.id;
  }
  CHECK_OK(services::scan(engine.stacks().store(), store::Key("cfn").add("changeset"), {},
                          [&](std::string_view, const json::Object& record) {
                            const bool mine =
                                json::string_or(record, "ChangeSetId") == change_set ||
                                (json::string_or(record, "ChangeSetName") == change_set &&
                                 json::string_or(record, "StackId") == stack_id);
                            if (mine) {
                              text = json::string_or(record, "_Template");
                              stack_id = json::string_or(record, "StackId");
                            }
                            return !mine;
                          }));
  if (!text)
    return aws::fail("ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", change_set),
                     404);
  if (text->empty()) {  // executed: the stack's own
    TRY(text, engine.stacks().template_text(stack_id, "current"));
  }
  out["TemplateBody"] = *text;
  return out;
}

}  // namespace

void add_template_operations(const Add& add) {
  add("ValidateTemplate", aws::Run::kWorker, validate_template);
  add("GetTemplateSummary", aws::Run::kWorker, summary);
  add("GetTemplate", aws::Run::kWorker, get_template);
}

}  // namespace dew::cloudformation
