// Resources: the tree of path parts.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateResource.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/ids.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;
// docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: resources per API.
constexpr size_t kMaxResources = 300;

bool is_variable(std::string_view part) { return part.starts_with('{'); }
bool is_greedy(std::string_view part) { return part.ends_with("+}"); }

bool is_part_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == ':';
}

bool valid_part(std::string_view part) {
  if (is_variable(part)) {
    if (part.size() < 3 || part.back() != '}') return false;
    part = part.substr(1, part.size() - 2);
    if (part.ends_with('+')) part.remove_suffix(1);
  }
  return !part.empty() && std::all_of(part.begin(), part.end(), is_part_char);
}

std::string join(std::string_view parent, std::string_view part) {
  return parent == "/" ? fmt::format("/{}", part) : fmt::format("{}/{}", parent, part);
}

// Whether a resource named `part` may stand under `parent` beside what is there already.
aws::ApiResult<void> check_place(const Repository::Documents& resources, const json::Object& parent,
                                 std::string_view part, std::string_view self) {
  if (!valid_part(part)) {
    return aws::fail(bad_request(
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly "
        "braces at the beginning and the end."));
  }
  if (const auto above = json::string_or(parent, "pathPart"); is_greedy(above)) {
    return aws::fail(bad_request(
        fmt::format("Cannot create a child of a resource with a greedy path variable: {}", above)));
  }
  const auto parent_id = json::string_or(parent, "id");
  for (const auto& sibling : resources) {
    if (json::string_or(sibling, "parentId") != parent_id ||
        json::string_or(sibling, "id") == self) {
      continue;
    }
    const auto name = json::string_or(sibling, "pathPart");
    if (name == part) {
      return aws::fail(conflict(
          fmt::format("Another resource with the same parent already has this name: {}", part)));
    }
    if (is_variable(name) && is_variable(part)) {
      return aws::fail(bad_request(fmt::format(
          "A sibling ({}) of this resource already has a variable path part -- only one is allowed",
          name)));
    }
  }
  return {};
}

const json::Object* by_id(const Repository::Documents& resources, std::string_view id) {
  const auto found = std::find_if(resources.begin(), resources.end(), [&](const json::Object& r) {
    return json::string_or(r, "id") == id;
  });
  return found == resources.end() ? nullptr : &*found;
}

// Without embed=methods only the verbs are listed.
json::Object shown(json::Object resource, bool with_methods) {
  if (!with_methods && resource.contains("resourceMethods")) {
    for (auto& method : resource["resourceMethods"].as_object()) method.value() = json::Object();
  }
  return resource;
}

bool embeds_methods(const aws::Call& call) {
  const auto* embed = json::array_at(call.input, "embed");
  return embed && std::any_of(embed->begin(), embed->end(), [](const json::Value& value) {
           return value.is_string() && json::view(value.get_string()) == "methods";
         });
}

// The resource and everything under it.
Repository::Documents subtree(const Repository::Documents& resources, std::string_view id) {
  Repository::Documents out;
  if (const auto* top = by_id(resources, id)) out.push_back(*top);
  for (size_t i = 0; i < out.size(); ++i) {
    for (const auto& resource : resources) {
      if (json::string_or(resource, "parentId") == json::string_or(out[i], "id")) {
        out.push_back(resource);
      }
    }
  }
  return out;
}

}  // namespace

Answer create_resource(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  const auto api_id = text(call, "restApiId");
  TRY(const auto resources, control.repository.list(api_id, kResource));
  const auto* parent = by_id(resources, text(call, "parentId"));
  if (!parent) return aws::fail(no_such_resource());
  const auto part = text(call, "pathPart");
  CHECK_OK(check_place(resources, *parent, part, ""));
  if (resources.size() >= kMaxResources) {
    return aws::fail("LimitExceededException",
                     "Maximum number of resources for this API has been reached. Please contact "
                     "AWS if you need additional resources.",
                     429);
  }
  json::Object resource;
  const auto id = random_alnum(6);
  resource["id"] = id;
  resource["parentId"] = text(call, "parentId");
  resource["pathPart"] = part;
  resource["path"] = join(json::string_or(*parent, "path"), part);
  store::Batch batch;
  Repository::put(batch, api_id, kResource, id, resource);
  CHECK_OK(control.repository.commit(batch));
  return resource;
}

Answer get_resource(Control& control, aws::Call& call) {
  TRY(auto resource, control.owned(call, kResource, text(call, "resourceId"), no_such_resource()));
  return shown(std::move(resource), embeds_methods(call));
}

Answer get_resources(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(auto resources, control.repository.list(text(call, "restApiId"), kResource));
  for (auto& resource : resources) resource = shown(std::move(resource), embeds_methods(call));
  return page(call, std::move(resources), "id", kDefaultPage);
}

Answer update_resource(Control& control, aws::Call& call) {
  static constexpr auto kRules = std::to_array<PatchRule>({{"/parentId"}, {"/pathPart"}});
  const std::scoped_lock lock(control.write);
  const auto id = text(call, "resourceId");
  const auto api_id = text(call, "restApiId");
  TRY(auto resource, control.owned(call, kResource, id, no_such_resource()));
  TRY(const auto operations, patch_operations(call.input));
  for (const auto& operation : operations) {
    CHECK_OK(apply_patch(resource, operation, kRules));
    if (json::string_or(resource, "path") == "/") {
      return aws::fail(bad_request(
          fmt::format("Root resource cannot update its {}.", operation.tokens.front())));
    }
  }
  if (operations.empty()) return resource;

  TRY(const auto resources, control.repository.list(api_id, kResource));
  auto moved = subtree(resources, id);
  const auto parent_id = json::string_or(resource, "parentId");
  if (by_id(moved, parent_id)) return aws::fail(bad_request("Resources cannot be cyclical."));
  const auto* parent = by_id(resources, parent_id);
  if (!parent) return aws::fail(no_such_resource());
  CHECK_OK(check_place(resources, *parent, json::string_or(resource, "pathPart"), id));

  moved.front() = resource;
  std::map<std::string, std::string> paths{{parent_id, json::string_or(*parent, "path")}};
  store::Batch batch;
  for (auto& one : moved) {  // parents come before their children
    const auto path =
        join(paths[json::string_or(one, "parentId")], json::string_or(one, "pathPart"));
    one["path"] = path;
    paths[json::string_or(one, "id")] = path;
    Repository::put(batch, api_id, kResource, json::string_or(one, "id"), one);
  }
  CHECK_OK(control.repository.commit(batch));
  return shown(moved.front(), false);
}

Answer delete_resource(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto id = text(call, "resourceId");
  const auto api_id = text(call, "restApiId");
  TRY(auto resource, control.owned(call, kResource, id, no_such_resource()));
  if (json::string_or(resource, "path") == "/") {
    return aws::fail(bad_request("Root resource cannot be deleted"));
  }
  TRY(const auto resources, control.repository.list(api_id, kResource));
  store::Batch batch;
  for (const auto& one : subtree(resources, id)) {
    Repository::erase(batch, api_id, kResource, json::string_or(one, "id"));
  }
  CHECK_OK(control.repository.commit(batch));
  return json::Object();
}

}  // namespace dew::apigateway
