#include "services/cloudformation/blueprint.h"

#include <algorithm>
#include <charconv>

#include "services/cloudformation/references.h"

namespace dew::cloudformation {

namespace {

ApiResult<std::string> read_ssm(const Session& session, const std::string& name) {
  auto found = session.call("ssm", "GetParameter", {{"Name", name}});
  if (!found) {
    if (says_not_found(found.error())) {
      return invalid(fmt::format(
          "Unable to fetch parameters [{}] from parameter store for this account.", name));
    }
    return std::unexpected(std::move(found).error());
  }
  const auto* parameter = json::object_at(*found, "Parameter");
  if (parameter == nullptr) return invalid("the parameter store gave no answer");
  if (json::string_or(*parameter, "Type") == "SecureString") {
    return invalid(fmt::format(
        "Parameters [{}] referenced by template have types not supported by CloudFormation.",
        name));
  }
  return json::string_or(*parameter, "Value");
}

ApiResult<std::string> resolve_dynamic(const Session& session, std::string_view service,
                                       std::string_view key, std::string_view where) {
  if (service == "ssm") return read_ssm(session, std::string(key));
  if (service == "ssm-secure") {
    // No property of the types here is on AWS's list of those that may hold one.
    return invalid(fmt::format("SSM Secure reference is not supported in: [{}]", where));
  }
  return invalid(
      fmt::format("Dewpoint does not support the dynamic reference {{{{resolve:{}:…}}}} in {} yet",
                  service, where));
}

// Names with a leading "Outputs." and the like are the type's own.
void check_attributes(const Template& tmpl, std::vector<std::string>& findings) {
  References found;
  for (const auto& [name, resource] : tmpl.resources) {
    for (const auto& [key, value] : resource.properties) (void)collect(value, found);
  }
  for (const auto& [name, output] : tmpl.outputs) (void)collect(output.value, found);
  for (const auto& [name, attribute] : found.attributes) {
    const auto* resource = tmpl.resource(name);
    const auto* type = resource == nullptr ? nullptr : find_type(resource->type);
    if (type == nullptr || attribute.empty()) continue;
    if (!type->has_attribute(attribute)) {
      findings.push_back(fmt::format(
          "Template error: resource {} does not support attribute type {} in Fn::GetAtt", name,
          attribute));
    }
  }
}

void merge_stack_tags(const Shape& shape, const json::Array& stack_tags, json::Object& properties) {
  const auto* member = shape.member("Tags");
  if (member == nullptr || stack_tags.empty()) return;
  if (member->shape->kind == Kind::kMap) {
    json::Object tags;
    for (const auto& tag : stack_tags)
      tags[json::string_or(tag.as_object(), "Key")] = json::string_or(tag.as_object(), "Value");
    if (const auto* own = json::object_at(properties, "Tags")) {
      for (const auto& [key, value] : *own) tags[key] = value;
    }
    properties["Tags"] = std::move(tags);
    return;
  }
  json::Array tags;
  const auto* own = json::array_at(properties, "Tags");
  if (own != nullptr) tags = *own;
  for (const auto& tag : stack_tags) {
    const auto key = json::string_or(tag.as_object(), "Key");
    const bool given = std::ranges::any_of(tags, [&](const json::Value& other) {
      return json::string_or(other.as_object(), "Key") == key;
    });
    if (!given)
      tags.emplace_back(
          json::Object{{"Key", key}, {"Value", json::string_or(tag.as_object(), "Value")}});
  }
  properties["Tags"] = std::move(tags);
}

// PT#H#M#S. nullopt: no such duration.
std::optional<int64_t> duration_seconds(std::string_view text) {
  if (!text.starts_with("PT") || text.size() > 16) return std::nullopt;
  int64_t total = 0;
  int64_t number = -1;
  for (const char c : text.substr(2)) {
    if (c >= '0' && c <= '9') {
      number = (number < 0 ? 0 : number) * 10 + (c - '0');
      continue;
    }
    const int64_t unit = c == 'H' ? 3600 : c == 'M' ? 60 : c == 'S' ? 1 : 0;
    if (unit == 0 || number < 0 || number > 1'000'000) return std::nullopt;
    total += number * unit;
    number = -1;
  }
  if (number >= 0 || text.size() < 4) return std::nullopt;
  return total;
}

// {"Count", "Timeout"} in signals and seconds.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html
ApiResult<json::Value> read_creation_policy(const ResourceDeclaration& declared) {
  constexpr int64_t kMaxSeconds = 12 * 3600;
  if (declared.type != "AWS::CloudFormation::WaitCondition") {
    return invalid("CreationPolicy: is not supported for resources of the type " + declared.type);
  }
  const auto* policy = declared.creation_policy->if_object();
  const auto* signal = policy == nullptr || policy->size() != 1
                           ? nullptr
                           : json::object_at(*policy, "ResourceSignal");
  if (signal == nullptr) return invalid("CreationPolicy: must have the one member ResourceSignal");
  json::Object out{{"Count", 1}, {"Timeout", 300}};
  for (const auto& [name, value] : *signal) {
    const auto text = to_text(value).value_or("");
    if (name == "Count") {
      int64_t count = 0;
      const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), count);
      if (error != std::errc{} || at != text.data() + text.size() || count < 1)
        return invalid("CreationPolicy/ResourceSignal/Count: must be a whole number from 1 on");
      out["Count"] = count;
    } else if (name == "Timeout") {
      const auto seconds = duration_seconds(text);
      if (!seconds || *seconds > kMaxSeconds) {
        return invalid(
            "CreationPolicy/ResourceSignal/Timeout: must be a duration like PT#H#M#S, up to 12 "
            "hours");
      }
      out["Timeout"] = *seconds;
    } else {
      return invalid("CreationPolicy/ResourceSignal: unknown member " + std::string(name));
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const auto& item : texts) {
    if (!out.empty()) out += between;
    out += item;
  }
  return out;
}

}  // namespace

ApiResult<json::Object> Blueprint::properties(const std::string& name,
                                              const json::Array& stack_tags) {
  const auto& declared = *tmpl.resource(name);
  const auto* type = find_type(declared.type);
  if (type == nullptr)
    return invalid("Template format error: Unrecognized resource types: [" + declared.type + "]");
  TRY(auto evaluated, evaluator->evaluate(declared.properties));
  TRY(auto resolved, evaluator->resolve_dynamic(std::move(evaluated).value_or(json::Object{}),
                                                "/Resources/" + name + "/Properties"));
  TRY(auto coerced,
      coerce(*type->shape, std::move(resolved), "/Resources/" + name + "/Properties"));
  auto& properties = coerced.as_object();
  merge_stack_tags(*type->shape, stack_tags, properties);
  if (declared.creation_policy) {
    TRY(properties["_CreationPolicy"], read_creation_policy(declared));
  }
  return std::move(properties);
}

ApiResult<json::Array> Blueprint::outputs() {
  json::Array out;
  for (const auto& [name, declared] : tmpl.outputs) {
    if (!declared.condition.empty()) {
      TRY(const auto holds, evaluator->condition(declared.condition));
      if (!holds) continue;
    }
    hides = false;
    TRY(const auto value, evaluator->evaluate(declared.value));
    auto text = value ? to_text(*value) : std::nullopt;
    if (!text)
      return invalid(
          fmt::format("Template format error: Output {} is malformed. The Value field of every "
                      "Outputs member must evaluate to a String.",
                      name));
    TRY(const auto resolved, evaluator->resolve_dynamic(json::String(*text), "/Outputs/" + name));
    json::Object output{{"OutputKey", name}, {"OutputValue", resolved}};
    if (hides) output["_Hidden"] = true;
    if (!declared.description.empty()) output["Description"] = declared.description;
    if (declared.export_name) {
      TRY(const auto export_name, evaluator->evaluate(*declared.export_name));
      const auto shown = export_name ? to_text(*export_name) : std::nullopt;
      if (!shown || shown->empty())
        return invalid(fmt::format(
            "Template format error: Output {} is malformed: the name of an Export must be a string",
            name));
      output["ExportName"] = *shown;
    }
    out.emplace_back(std::move(output));
  }
  return out;
}

ApiResult<void> validate(const Template& tmpl) {
  std::vector<std::string> unknown;
  std::vector<std::string> findings;
  for (const auto& [name, resource] : tmpl.resources) {
    const auto* type = find_type(resource.type);
    if (type == nullptr) {
      if (std::ranges::find(unknown, resource.type) == unknown.end())
        unknown.push_back(resource.type);
    } else {
      check_properties(*type->shape, resource.properties,
                       fmt::format("/Resources/{}/Properties", name), findings);
      if (resource.creation_policy) {
        if (auto read = read_creation_policy(resource); !read)
          findings.push_back(fmt::format("/Resources/{}/{}", name, read.error().message));
      }
    }
  }
  check_attributes(tmpl, findings);
  if (!unknown.empty()) {
    findings.insert(findings.begin(), "Template format error: Unrecognized resource types: [" +
                                          joined(unknown, ", ") + "]");
  }
  if (!findings.empty()) return invalid(joined(findings, "\n"));
  return {};
}

std::set<std::string> hidden_parameters(const Template& tmpl) {
  std::set<std::string> out;
  for (const auto& [name, declared] : tmpl.parameters) {
    if (declared.no_echo) out.insert(name);
  }
  return out;
}

Capabilities capabilities(const Template& tmpl) {
  Capabilities out;
  for (const auto& [name, resource] : tmpl.resources) {
    const auto* type = find_type(resource.type);
    if (type == nullptr || type->capability.empty()) continue;
    const bool named = type->naming && !type->naming->property.empty() &&
                       resource.properties.contains(type->naming->property);
    if (out.needed != "CAPABILITY_NAMED_IAM")
      out.needed = named ? "CAPABILITY_NAMED_IAM" : "CAPABILITY_IAM";
    if (std::ranges::find(out.types, resource.type) == out.types.end())
      out.types.push_back(resource.type);
  }
  return out;
}

ApiResult<void> check_capabilities(const Template& tmpl, const std::vector<std::string>& given) {
  const auto needed = capabilities(tmpl).needed;
  if (needed.empty()) return {};
  const auto has = [&](std::string_view capability) {
    return std::ranges::find(given, capability) != given.end();
  };
  if (has("CAPABILITY_NAMED_IAM") || (needed == "CAPABILITY_IAM" && has("CAPABILITY_IAM")))
    return {};
  return aws::fail("InsufficientCapabilitiesException",
                   fmt::format("Requires capabilities : [{}]", needed));
}

ApiResult<Processed> process_template(const Session& session, const Stack& stack,
                                      std::string_view text, const GivenParameters& given) {
  Environment environment;
  environment.account = session.account;
  environment.region = session.region;
  environment.stack_name = stack.name;
  environment.stack_id = stack.id;
  return apply_transforms(
      text, given, [&](const std::string& name) { return read_ssm(session, name); },
      std::move(environment),
      [&](std::string_view bucket, std::string_view key) -> ApiResult<std::string> {
        auto object = session.call("s3", "GetObject", {{"Bucket", bucket}, {"Key", key}});
        if (object) return json::string_or(*object, "Body");
        if (object.error().status >= 500) return std::unexpected(std::move(object).error());
        return invalid(fmt::format("Transform AWS::Include failed with: {} (s3://{}/{})",
                                   object.error().message, bucket, key));
      });
}

ApiResult<std::unique_ptr<Blueprint>> make_blueprint(
    const StackStore& stacks, const Session& session, const Stack& stack, std::string_view text,
    const GivenParameters& given, const std::vector<std::string>& notification_arns) {
  auto out = std::make_unique<Blueprint>();
  TRY(out->tmpl, parse_template(text));
  CHECK_OK(validate(out->tmpl));
  TRY(out->parameters, bind_parameters(out->tmpl, given, [&](const std::string& name) {
        return read_ssm(session, name);
      }));
  auto& environment = out->environment;
  environment.account = session.account;
  environment.region = session.region;
  environment.stack_name = stack.name;
  environment.stack_id = stack.id;
  environment.notification_arns = notification_arns;
  environment.parameters = out->parameters.values;
  environment.dynamic = [&session](std::string_view service, std::string_view key,
                                   std::string_view where) {
    return resolve_dynamic(session, service, key, where);
  };
  environment.import_value =
      [&stacks, blueprint = out.get()](std::string_view name) -> ApiResult<json::Value> {
    TRY(const auto found, stacks.exported(name));
    if (!found) return invalid(fmt::format("No export named {} found.", name));
    blueprint->imported.emplace(name);
    return json::String(json::string_or(*found, "Value"));
  };
  out->evaluator = std::make_unique<Evaluator>(out->tmpl, environment);
  TRY(out->order, order_resources(out->tmpl, *out->evaluator));
  return out;
}

}  // namespace dew::cloudformation
