#include "services/codedeploy/appspec.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace dew::codedeploy {

namespace {

// Thrown through yaml-cpp's parser only, and caught in parse_yaml.
struct Refused {
  std::string message;
};

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
class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {
    throw Refused{"aliases are not allowed"};
  }
  void OnNull(const YAML::Mark&, YAML::anchor_t) override { add(json::String("")); }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string& text) override {
    add(json::String(text));
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    push(json::Array{});
  }
  void OnSequenceEnd() override { pop(); }
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    push(json::Object{});
  }
  void OnMapEnd() override { pop(); }

  json::Value take() { return std::move(root_); }

 private:
  struct Open {
    json::Value value;
    bool has_key = false;
    std::string key;
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().has_key;
  }
  void push(json::Value empty) {
    if (wants_key()) throw Refused{"a key must be text"};
    if (open_.size() >= kMaxAppSpecDepth) throw Refused{"it is nested too deeply"};
    open_.push_back({std::move(empty), false, {}});
  }
  void pop() {
    auto closed = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(closed));
  }
  void add(json::Value value) {
    if (++nodes_ > kMaxAppSpecNodes) throw Refused{"it has too many parts"};
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    auto& top = open_.back();
    if (top.value.is_array()) {
      top.value.as_array().push_back(std::move(value));
    } else if (!top.has_key) {
      top.key = json::str(value);
      // The name of the resource is the writer's own.
      if (open_.size() != kResourceNameDepth) top.key = lower(top.key);
      if (top.value.as_object().contains(top.key)) {
        throw Refused{fmt::format("{} is there twice", top.key)};
      }
      top.has_key = true;
    } else {
      top.value.as_object()[top.key] = std::move(value);
      top.has_key = false;
    }
  }

  // root object, the list of resources, the map in it
  static constexpr size_t kResourceNameDepth = 3;
  std::vector<Open> open_;
  json::Value root_;
  size_t nodes_ = 0;
};

Result<json::Value> parse_yaml(std::string_view text) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder;
    if (!parser.HandleNextDocument(builder)) return fail(ErrorKind::kInvalid, "it is empty");
    return builder.take();
  } catch (const Refused& refused) {
    return fail(ErrorKind::kInvalid, refused.message);
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::kInvalid,
                fmt::format("it is no well-formed YAML or JSON (line {}, column {})",
                            error.mark.line + 1, error.mark.column + 1));
  }
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
  if (text.size() > kMaxAppSpecBytes) {
    return fail(ErrorKind::kInvalid, fmt::format("it is longer than {} bytes", kMaxAppSpecBytes));
  }
  TRY(const auto document, parse_yaml(text));
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
