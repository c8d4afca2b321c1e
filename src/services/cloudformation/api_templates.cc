// Operations on templates alone.
#include <algorithm>

#include "services/cloudformation/api.h"

namespace dew::cloudformation {

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// What whoever creates the stack has to allow, and why.
void add_capabilities(json::Object& out, const Template& tmpl,
                      const std::vector<std::string>& transforms) {
  const auto needed = capabilities(tmpl);
  json::Array capabilities;
  std::string reason;
  if (!needed.needed.empty()) {
    capabilities.emplace_back(needed.needed);
    reason = "The following resource(s) require capabilities: [" + joined(needed.types) + "]";
  }
  if (!transforms.empty()) {
    capabilities.emplace_back("CAPABILITY_AUTO_EXPAND");
    reason += (reason.empty() ? "" : "; ") +
              ("The following transform(s) require capabilities: [" + joined(transforms) + "]");
    out["DeclaredTransforms"] = to_json(transforms);
  }
  if (capabilities.empty()) return;
  out["Capabilities"] = std::move(capabilities);
  out["CapabilitiesReason"] = reason;
}

ApiResult<json::Value> validate_template(Engine& engine, Call& call) {
  TRY(const auto text, template_input(engine, call));
  if (!text) return invalid("Either Template URL or Template Body must be specified.");
  TRY(const auto tmpl, parse_unprocessed(*text));
  if (tmpl.transforms.empty()) CHECK_OK(validate(tmpl));
  json::Array parameters;
  for (const auto& [name, declared] : tmpl.parameters) {
    json::Object parameter{{"ParameterKey", name}, {"NoEcho", declared.no_echo}};
    if (declared.default_value) parameter["DefaultValue"] = *declared.default_value;
    if (!declared.description.empty()) parameter["Description"] = declared.description;
    parameters.emplace_back(std::move(parameter));
  }
  json::Object out{{"Parameters", std::move(parameters)}};
  if (!tmpl.description.empty()) out["Description"] = tmpl.description;
  add_capabilities(out, tmpl, tmpl.transforms);
  return out;
}

ApiResult<json::Value> summary(Engine& engine, Call& call) {
  if (call.input.contains("StackSetName"))
    return invalid("Dewpoint does not support StackSetName yet");
  TRY(auto text, template_input(engine, call));
  std::string original;
  if (const auto name = json::string_at(call.input, "StackName")) {
    if (text)
      return invalid("Only one of StackName, TemplateBody or TemplateURL must be specified.");
    TRY(const auto stack, engine.stacks().find(*name));
    TRY(text, engine.stacks().template_text(stack.id, "current"));
    TRY(original, engine.stacks().original_text(stack.id, "current"));
  }
  if (!text) return invalid("Either StackName or TemplateBody or TemplateURL must be specified.");
  // A stack's template has its macros applied; another has them still to come.
  TRY(const auto unprocessed, parse_unprocessed(original.empty() ? *text : original));
  TRY(const auto tmpl, original.empty() ? parse_unprocessed(*text) : parse_template(*text));
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
  add_capabilities(out, tmpl, unprocessed.transforms);
  return out;
}

// A template as it was given, or as its macros have left it, which declares none any more.
ApiResult<json::Value> shown(std::string original, std::string processed, bool wants_original) {
  if (wants_original || original == processed) return json::Value(json::String(original));
  TRY(auto document, parse_template_text(processed));
  if (document.is_object()) document.as_object().erase("Transform");
  return json::Value(json::String(json::dump(document)));
}

ApiResult<json::Value> get_template(Engine& engine, Call& call) {
  const auto change_set = json::string_or(call.input, "ChangeSetName");
  const bool wants_original = json::string_or(call.input, "TemplateStage") == "Original";
  json::Object out{{"StagesAvailable", json::Array{"Original", "Processed"}}};
  if (change_set.empty()) {
    const auto name = json::string_or(call.input, "StackName");
    if (name.empty()) return invalid("StackName is required");
    TRY(const auto stack, engine.stacks().find(name));
    TRY(auto original, engine.stacks().original_text(stack.id, "current"));
    TRY(auto processed, engine.stacks().template_text(stack.id, "current"));
    TRY(out["TemplateBody"], shown(std::move(original), std::move(processed), wants_original));
    return out;
  }
  std::optional<std::string> text;
  std::string original;
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
                              original = json::string_or(record, "_Original", *text);
                              stack_id = json::string_or(record, "StackId");
                            }
                            return !mine;
                          }));
  if (!text)
    return aws::fail("ChangeSetNotFound", fmt::format("ChangeSet [{}] does not exist", change_set),
                     404);
  if (text->empty()) {  // executed: the stack's own
    TRY(text, engine.stacks().template_text(stack_id, "current"));
    TRY(original, engine.stacks().original_text(stack_id, "current"));
  }
  TRY(out["TemplateBody"], shown(std::move(original), std::move(*text), wants_original));
  return out;
}

}  // namespace

void add_template_operations(const Add& add) {
  add("ValidateTemplate", aws::Run::kWorker, validate_template);
  add("GetTemplateSummary", aws::Run::kWorker, summary);
  add("GetTemplate", aws::Run::kWorker, get_template);
}

}  // namespace dew::cloudformation
