// What the operations have in common: reading their input.
#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/cloudformation/api.h"
#include "services/cloudformation/rules.h"
#include "services/cloudformation/run.h"
#include "services/cloudformation/stack_policy.h"

namespace dew::cloudformation {

Session session_of(Engine& engine, const Call& call) {
  return {engine.context().caller, call.identity, engine.context().config.account,
          engine.context().config.region};
}

Result<S3Location> parse_s3_url(std::string_view url) {
  const auto bad = [] {
    return dew::fail(ErrorKind::kInvalid, "TemplateURL must be a supported URL.");
  };
  if (url.starts_with("https://")) {
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return bad();
  }
  const auto slash = url.find('/');
  if (slash == std::string_view::npos) return bad();
  auto host = url.substr(0, slash);
  auto path = url.substr(slash + 1);
  path = path.substr(0, path.find_first_of("?#"));
  host = host.substr(0, host.find(':'));
  std::string bucket;
  // BUCKET.s3.REGION.amazonaws.com, BUCKET.s3.localhost.localstack.cloud, BUCKET.localhost; else
  // /BUCKET/KEY.
  for (const std::string_view mark : {".s3.", ".s3-", ".localhost"}) {
    if (const auto at = host.find(mark); at != std::string_view::npos && at > 0) {
      const bool local = mark == ".localhost";
      if (local && (host.size() != at + mark.size() || host.substr(0, at) == "s3")) continue;
      bucket = host.substr(0, at);
      break;
    }
  }
  if (bucket.empty()) {
    const auto next = path.find('/');
    if (next == std::string_view::npos) return bad();
    bucket = path.substr(0, next);
    path = path.substr(next + 1);
  }
  const auto key = url_decode(path);
  if (!key || key->empty() || bucket.empty()) return bad();
  return S3Location{bucket, *key};
}

ApiResult<std::string> read_url(Engine& engine, const Call& call, std::string_view url) {
  const auto location = parse_s3_url(url);
  if (!location) return invalid(location.error().message);
  const auto session = session_of(engine, call);
  auto object =
      session.call("s3", "GetObject", {{"Bucket", location->bucket}, {"Key", location->key}});
  if (!object) {
    if (object.error().status >= 500) return std::unexpected(std::move(object).error());
    return invalid("S3 error: " + object.error().message);
  }
  return json::string_or(*object, "Body");
}

ApiResult<std::optional<std::string>> policy_input(Engine& engine, const Call& call,
                                                   std::string_view name) {
  const auto body_name = std::string(name) + "Body";
  const auto url_name = std::string(name) + "URL";
  const auto body = json::string_at(call.input, body_name);
  const auto url = json::string_at(call.input, url_name);
  if (!body && !url) return std::nullopt;
  if (body && url) {
    return invalid(
        fmt::format("You can specify either {} or {}, but not both.", body_name, url_name));
  }
  std::string text;
  if (url) {
    TRY(text, read_url(engine, call, *url));
  } else {
    text = *body;
  }
  CHECK_OK(StackPolicy::parse(text));
  return text;
}

ApiResult<void> check_role(Engine& engine, const std::string& role) {
  if (role.empty()) return {};
  const auto assumed = assume_for_stacks(engine, role);
  if (assumed) return {};
  if (assumed.error().status >= 500) return std::unexpected(assumed.error());
  return invalid(fmt::format("Role {} is invalid or cannot be assumed", role));
}

ApiResult<Proposed> prepare(Engine& engine, const Session& session, const Stack& stack,
                            std::string original, const GivenParameters& given) {
  TRY(auto processed, process_template(session, stack, original, given));
  TRY(auto blueprint, make_blueprint(engine.stacks(), session, stack, processed.text, given, {}));
  CHECK_OK(apply_rules(blueprint->tmpl, *blueprint->evaluator));
  return Proposed{std::move(original), std::move(processed.text), std::move(processed.transforms),
                  std::move(blueprint)};
}

ApiResult<void> check_expansion(const Proposed& proposed, const std::vector<std::string>& allowed) {
  constexpr std::string_view kExpand = "CAPABILITY_AUTO_EXPAND";
  if (proposed.transforms.empty() || std::ranges::find(allowed, kExpand) != allowed.end())
    return {};
  return aws::fail("InsufficientCapabilitiesException",
                   fmt::format("Requires capabilities : [{}]", kExpand));
}

ApiResult<std::optional<std::string>> template_input(Engine& engine, const Call& call) {
  const auto body = json::string_at(call.input, "TemplateBody");
  const auto url = json::string_at(call.input, "TemplateURL");
  if (body && url) return invalid("Only one of TemplateBody or TemplateURL must be specified.");
  if (body) {
    if (body->size() > kTemplateBodyBytes) {
      return invalid(
          "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
          "Member must have length less than or equal to 51200");
    }
    return std::string(*body);
  }
  if (!url) return std::nullopt;
  TRY(auto text, read_url(engine, call, *url));
  if (text.size() > kTemplateUrlBytes)
    return invalid("Template may not exceed 1000000 bytes in size.");
  return text;
}

ApiResult<void> check_stack_name(std::string_view name) {
  const bool letters = !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
  if (!letters || (name[0] >= '0' && name[0] <= '9') || name[0] == '-') {
    return invalid(fmt::format(
        "1 validation error detected: Value '{}' at 'stackName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
        name));
  }
  return {};
}

ApiResult<void> refuse_unsupported(const json::Object& input) {
  const auto filled = [&](const char* name) {
    const auto* list = json::array_at(input, name);
    return list != nullptr && !list->empty();
  };
  for (const auto* name : {"NotificationARNs", "ResourceTypes", "ResourcesToImport"}) {
    if (filled(name)) return invalid(fmt::format("Dewpoint does not support {} yet", name));
  }
  if (const auto* rollback = json::object_at(input, "RollbackConfiguration")) {
    const auto* triggers = json::array_at(*rollback, "RollbackTriggers");
    if (triggers != nullptr && !triggers->empty())
      return invalid("Dewpoint does not support RollbackConfiguration yet");
  }
  if (json::bool_at(input, "IncludeNestedStacks").value_or(false))
    return invalid("Dewpoint does not support IncludeNestedStacks yet");
  return {};
}

std::vector<std::string> text_list(const json::Object& input, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = json::array_at(input, name)) {
    for (const auto& item : *list) out.push_back(json::str(item));
  }
  return out;
}

ApiResult<std::optional<json::Array>> tags_input(const json::Object& input) {
  const auto* list = json::array_at(input, "Tags");
  if (list == nullptr) return std::nullopt;
  json::Array out;
  std::set<std::string> seen;
  for (const auto& tag : *list) {
    const auto key = json::string_or(tag.as_object(), "Key");
    if (key.starts_with("aws:"))
      return invalid("aws: prefixed tag key names are not allowed for external use.");
    if (!seen.insert(key).second)
      return invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    out.emplace_back(
        json::Object{{"Key", key}, {"Value", json::string_or(tag.as_object(), "Value")}});
  }
  if (out.size() > 50) return invalid("Maximum number of tags exceeded");
  return out;
}

std::string new_stack_id(Engine& engine, std::string_view name) {
  return fmt::format("arn:aws:cloudformation:{}:{}:stack/{}/{}", engine.context().config.region,
                     engine.context().config.account, name, uuid_v4());
}

std::unexpected<aws::ApiError> not_updatable(const Stack& stack) {
  return invalid(
      fmt::format("Stack:{} is in {} state and can not be updated.", stack.id, stack.status));
}

bool is_updatable(const Stack& stack) {
  static constexpr std::string_view kStates[] = {
      "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE",
      "CREATE_FAILED",   "UPDATE_FAILED",   "IMPORT_COMPLETE"};
  return !stack.operation && std::ranges::find(kStates, stack.status) != std::end(kStates);
}

json::Array shown_parameters(const GivenParameters& given,
                             const std::map<std::string, std::string>& resolved,
                             const std::set<std::string>& hidden) {
  json::Array out;
  for (const auto& [name, value] : given) {
    json::Object parameter{{"ParameterKey", name},
                           {"ParameterValue", hidden.contains(name) ? "****" : value}};
    if (const auto it = resolved.find(name); it != resolved.end()) {
      parameter["ResolvedValue"] = hidden.contains(name) ? "****" : it->second;
    }
    out.emplace_back(std::move(parameter));
  }
  return out;
}

}  // namespace dew::cloudformation
