#include "services/codedeploy/appspec.h"

#include <fmt/format.h>

#include "json/yaml.h"

namespace dew::codedeploy {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The document as JSON: every scalar a string, as an AppSpec's are ("A value … that is a string
// must not be wrapped in quotation marks"), and keys in lower case, since both ways of writing them
// are documented.
Result<json::Value> parse_text(std::string_view text) {
  // root object, the list of resources, the map in it: the resource's name is the writer's own.
  constexpr size_t kResourceNameDepth = 3;
  return json::parse_yaml(text,
                          {.max_bytes = kMaxAppSpecBytes,
                           .max_parts = kMaxAppSpecNodes,
                           .max_depth = kMaxAppSpecDepth,
                           .scalar = [](std::string_view scalar, json::Scalar) -> json::Value {
                             return json::String(scalar);
                           },
                           .key =
                               [](std::string_view key, size_t depth) {
                                 return depth == kResourceNameDepth ? std::string(key) : lower(key);
                               }});
}

std::string_view text_at(const json::Object& object, std::string_view key) {
  return json::string_at(object, key).value_or("");
}

Result<void> read_resource(const json::Object& root, AppSpec& spec) {
  const auto* resources = json::array_at(root, "resources");
  if (resources == nullptr || resources->size() != 1 || !resources->front().is_object() ||
      resources->front().as_object().size() != 1) {
    return fail(ErrorKind::kInvalid,
                "Resources must be a list of exactly one AWS::Lambda::Function");
  }
  const auto& [name, value] = *resources->front().as_object().begin();
  if (!value.is_object()) {
    return fail(ErrorKind::kInvalid,
                fmt::format("the resource {} must be an object", std::string_view(name)));
  }
  const auto& resource = value.as_object();
  if (const auto type = text_at(resource, "type"); type != "AWS::Lambda::Function") {
    return fail(ErrorKind::kInvalid,
                fmt::format("the resource's Type must be AWS::Lambda::Function, not '{}'", type));
  }
  const auto* properties = json::object_at(resource, "properties");
  if (properties == nullptr) return fail(ErrorKind::kInvalid, "the resource has no Properties");
  const auto take = [&](std::string_view key, std::string_view shown,
                        std::string& out) -> Result<void> {
    out = text_at(*properties, key);
    if (!out.empty()) return {};
    return fail(ErrorKind::kInvalid, fmt::format("the resource has no {}", shown));
  };
  CHECK_OK(take("name", "Name", spec.function));
  CHECK_OK(take("alias", "Alias", spec.alias));
  CHECK_OK(take("currentversion", "CurrentVersion", spec.current));
  return take("targetversion", "TargetVersion", spec.target);
}

Result<void> read_hooks(const json::Object& root, AppSpec& spec) {
  const auto* found = json::find(root, "hooks");
  if (found == nullptr || (found->is_string() && found->as_string().empty())) return {};
  if (!found->is_array()) return fail(ErrorKind::kInvalid, "Hooks must be a list");
  for (const auto& hook : found->as_array()) {
    if (!hook.is_object()) return fail(ErrorKind::kInvalid, "a hook must be an object");
    for (const auto& [event, function] : hook.as_object()) {
      const std::string name = lower(event);
      auto* to = name == "beforeallowtraffic"  ? &spec.before
                 : name == "afterallowtraffic" ? &spec.after
                                               : nullptr;
      if (to == nullptr) {
        return fail(ErrorKind::kInvalid,
                    fmt::format("a Lambda deployment has no lifecycle event {}: only "
                                "BeforeAllowTraffic and AfterAllowTraffic",
                                std::string_view(event)));
      }
      if (!function.is_string() || !to->empty()) {
        return fail(ErrorKind::kInvalid,
                    fmt::format("the hook {} must name one function", std::string_view(event)));
      }
      *to = json::str(function);
    }
  }
  return {};
}

}  // namespace

Result<AppSpec> parse_appspec(std::string_view text) {
  TRY(const auto document, parse_text(text));
  if (!document.is_object()) return fail(ErrorKind::kInvalid, "it must be an object");
  const auto& root = document.as_object();
  if (const auto version = text_at(root, "version"); version != "0.0" && version != "0") {
    return fail(ErrorKind::kInvalid, fmt::format("its version must be 0.0, not '{}'", version));
  }
  AppSpec spec;
  CHECK_OK(read_resource(root, spec));
  CHECK_OK(read_hooks(root, spec));
  return spec;
}

std::string to_text(const AppSpec& spec) {
  json::Array hooks;
  if (!spec.before.empty()) hooks.emplace_back(json::Object{{"BeforeAllowTraffic", spec.before}});
  if (!spec.after.empty()) hooks.emplace_back(json::Object{{"AfterAllowTraffic", spec.after}});
  json::Object resource{{"Type", "AWS::Lambda::Function"},
                        {"Properties", json::Object{{"Name", spec.function},
                                                    {"Alias", spec.alias},
                                                    {"CurrentVersion", spec.current},
                                                    {"TargetVersion", spec.target}}}};
  json::Object out{{"version", "0.0"},
                   {"Resources", json::Array{json::Object{{"Function", std::move(resource)}}}}};
  if (!hooks.empty()) out["Hooks"] = std::move(hooks);
  return json::dump(out);
}

}  // namespace dew::codedeploy
