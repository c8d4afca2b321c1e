#include "services/cloudformation/resources/apigateway_before.h"

#include <array>
#include <map>

#include "services/cloudformation/engine.h"
#include "services/cloudformation/resources/apigateway.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr int kPage = 500;

// What has a name of its own within an API, and how it is made, changed and removed.
struct Named {
  std::string_view member;  // of the note
  std::string_view list;
  std::string_view create;
  std::string_view update;
  std::string_view remove;
  std::string_view input;  // what Update and Delete call its id
  std::string_view id;     // the member that it is
  std::vector<std::string_view> fields;
};

const std::array<Named, 3>& named_kinds() {
  static const std::array<Named, 3> kKinds = {
      Named{"Models",
            "GetModels",
            "CreateModel",
            "UpdateModel",
            "DeleteModel",
            "modelName",
            "name",
            {"description", "schema"}},
      Named{"Validators",
            "GetRequestValidators",
            "CreateRequestValidator",
            "UpdateRequestValidator",
            "DeleteRequestValidator",
            "requestValidatorId",
            "id",
            {"validateRequestBody", "validateRequestParameters"}},
      Named{"Authorizers",
            "GetAuthorizers",
            "CreateAuthorizer",
            "UpdateAuthorizer",
            "DeleteAuthorizer",
            "authorizerId",
            "id",
            {"type", "authType", "authorizerUri", "identitySource", "identityValidationExpression",
             "authorizerResultTtlInSeconds"}}};
  return kKinds;
}

std::string note_key(const std::string& api_id) {
  return StackStore::key("api-before", api_id).str();
}

ApiResult<json::Object> snapshot(const Session& session, const std::string& api_id) {
  const json::Object whole{{"restApiId", api_id}, {"limit", kPage}};
  json::Object out;
  TRY(out["Api"], session.call("apigateway", "GetRestApi", {{"restApiId", api_id}}));
  auto resources = whole;
  resources["embed"] = json::Array{"methods"};
  TRY(out["Resources"], list_items(session, "GetResources", std::move(resources)));
  for (const auto& kind : named_kinds()) {
    TRY(out[kind.member], list_items(session, kind.list, whole));
  }
  TRY(auto responses, list_items(session, "GetGatewayResponses", whole));
  json::Array own;
  for (auto& response : responses) {
    if (!json::bool_at(response.as_object(), "defaultResponse").value_or(false))
      own.push_back(std::move(response));
  }
  out["Responses"] = std::move(own);
  return out;
}

const json::Object* by(const json::Array& items, std::string_view member, std::string_view value) {
  for (const auto& item : items) {
    if (text(item.as_object(), member) == value) return &item.as_object();
  }
  return nullptr;
}

// A "replace" that makes `member` what it was: without a value where it was not there.
void patch_back(json::Array& patches, const json::Object& was, const json::Object& is,
                std::string_view member) {
  if (!differs(was, is, member)) return;
  const auto* value = json::find(was, member);
  patches.emplace_back(patch("replace", "/" + std::string(member),
                             value == nullptr ? std::nullopt : to_text(*value)));
}

class WayBack {
 public:
  WayBack(const Session& session, std::string api_id, const json::Object& was,
          const json::Object& is)
      : session_(session), api_id_(std::move(api_id)), was_(was), is_(is) {}

  ApiResult<void> go() {
    CHECK_OK(resources());
    for (const auto& kind : named_kinds()) CHECK_OK(put_named(kind));
    CHECK_OK(methods());
    for (const auto& kind : named_kinds()) CHECK_OK(remove_named(kind));
    CHECK_OK(responses());
    return settings();
  }

 private:
  json::Object input(json::Object more = {}) const {
    more["restApiId"] = api_id_;
    return more;
  }
  const json::Array& was(std::string_view member) const { return was_.at(member).as_array(); }
  const json::Array& is(std::string_view member) const { return is_.at(member).as_array(); }

  ApiResult<void> resources() {
    for (const auto& resource : is("Resources")) {
      const auto path = text(resource.as_object(), "path");
      const auto id = text(resource.as_object(), "id");
      if (by(was("Resources"), "path", path) != nullptr) {
        resources_[path] = id;
        continue;
      }
      // With all that is under it.
      CHECK_OK(session_.call_gone_ok("apigateway", "DeleteResource", input({{"resourceId", id}})));
    }
    std::map<size_t, std::vector<const json::Object*>> by_length;  // parents before children
    for (const auto& resource : was("Resources"))
      by_length[text(resource.as_object(), "path").size()].push_back(&resource.as_object());
    for (const auto& [length, some] : by_length) {
      for (const auto* resource : some) {
        const auto path = text(*resource, "path");
        if (resources_.contains(path)) continue;
        const auto parent = path.substr(0, path.rfind('/'));
        TRY(const auto made,
            session_.call("apigateway", "CreateResource",
                          input({{"parentId", resources_[parent.empty() ? "/" : parent]},
                                 {"pathPart", text(*resource, "pathPart")}})));
        resources_[path] = text(made, "id");
      }
    }
    return {};
  }

  // The schema that refers to nothing, for models that refer to each other.
  static constexpr std::string_view kAnySchema = "{}";

  ApiResult<void> put_named(const Named& kind) {
    std::vector<std::pair<const json::Object*, json::Object>> all;
    for (const auto& item : was(kind.member)) {
      const auto& wanted = item.as_object();
      json::Object there;
      if (const auto* found = by(is(kind.member), "name", text(wanted, "name"))) {
        there = *found;
      } else {
        json::Object made = input();
        copy(made, wanted, {"name", "contentType"});
        for (const auto field : kind.fields) {
          if (const auto* value = json::find(wanted, field)) made[field] = *value;
        }
        if (kind.create == "CreateModel") made["schema"] = kAnySchema;
        TRY(there, session_.call("apigateway", kind.create, std::move(made)));
      }
      ids_[text(wanted, "id")] = text(there, "id");
      all.emplace_back(&wanted, std::move(there));
    }
    for (const auto& [wanted, there] : all) {
      json::Array patches;
      for (const auto field : kind.fields) patch_back(patches, *wanted, there, field);
      if (patches.empty()) continue;
      CHECK_OK(session_.call(
          "apigateway", kind.update,
          input({{kind.input, text(there, kind.id)}, {"patchOperations", std::move(patches)}})));
    }
    return {};
  }

  ApiResult<void> remove_named(const Named& kind) {
    std::vector<json::Object> gone;
    for (const auto& item : is(kind.member)) {
      if (by(was(kind.member), "name", text(item.as_object(), "name")) == nullptr)
        gone.push_back(input({{kind.input, text(item.as_object(), kind.id)}}));
    }
    // What is referred to cannot be deleted.
    for (const auto& one : kind.remove == "DeleteModel" ? gone : std::vector<json::Object>()) {
      auto changed = one;
      changed["patchOperations"] =
          json::Array{patch("replace", "/schema", std::string(kAnySchema))};
      CHECK_OK(session_.call_gone_ok("apigateway", kind.update, std::move(changed)));
    }
    for (auto& one : gone)
      CHECK_OK(session_.call_gone_ok("apigateway", kind.remove, std::move(one)));
    return {};
  }

  ApiResult<void> methods() {
    static const json::Object kNone;
    for (const auto& item : was("Resources")) {
      const auto path = text(item.as_object(), "path");
      const auto* there = by(is("Resources"), "path", path);
      const auto* now = there == nullptr ? nullptr : json::object_at(*there, "resourceMethods");
      const auto* then = json::object_at(item.as_object(), "resourceMethods");
      if (now == nullptr) now = &kNone;
      if (then == nullptr) then = &kNone;
      for (const auto& [verb, method] : *now) {
        const auto* wanted = json::object_at(*then, verb);
        if (wanted != nullptr && mapped(*wanted) == method.as_object()) continue;
        CHECK_OK(session_.call_gone_ok("apigateway", "DeleteMethod", key(path, verb)));
      }
      for (const auto& [verb, method] : *then) {
        const auto wanted = mapped(method.as_object());
        const auto* same = json::object_at(*now, verb);
        if (same == nullptr || *same != wanted) CHECK_OK(put_method(key(path, verb), wanted));
      }
    }
    return {};
  }

  json::Object key(const std::string& path, std::string_view verb) const {
    return input({{"resourceId", resources_.at(path)}, {"httpMethod", verb}});
  }

  // A method with the ids that its authorizer and its validator have now.
  json::Object mapped(json::Object method) const {
    for (const auto member : {"authorizerId", "requestValidatorId"}) {
      const auto it = ids_.find(text(method, member));
      if (it != ids_.end()) method[member] = it->second;
    }
    return method;
  }

  ApiResult<void> put_method(const json::Object& key, const json::Object& method) {
    auto made = key;
    copy(made, method,
         {"authorizationType", "authorizerId", "authorizationScopes", "apiKeyRequired",
          "operationName", "requestParameters", "requestModels", "requestValidatorId"});
    CHECK_OK(session_.call("apigateway", "PutMethod", std::move(made)));
    CHECK_OK(put_responses("PutMethodResponse", key, method, "methodResponses"));
    const auto* integration = json::object_at(method, "methodIntegration");
    if (integration == nullptr) return {};
    made = key;
    for (const auto& [name, value] : *integration) {
      if (name == "httpMethod") {
        made["integrationHttpMethod"] = value;
      } else if (name != "integrationResponses") {
        made[name] = value;
      }
    }
    CHECK_OK(session_.call("apigateway", "PutIntegration", std::move(made)));
    return put_responses("PutIntegrationResponse", key, *integration, "integrationResponses");
  }

  ApiResult<void> put_responses(std::string_view operation, const json::Object& key,
                                const json::Object& owner, std::string_view member) {
    const auto* all = json::object_at(owner, member);
    for (const auto& response : all == nullptr ? json::Object() : *all) {
      auto made = key;
      for (const auto& [name, value] : response.value().as_object()) made[name] = value;
      CHECK_OK(session_.call("apigateway", operation, std::move(made)));
    }
    return {};
  }

  ApiResult<void> responses() {
    for (const auto& item : was("Responses")) {
      const auto& wanted = item.as_object();
      const auto* there = by(is("Responses"), "responseType", text(wanted, "responseType"));
      if (there != nullptr && *there == wanted) continue;
      auto made = input();
      copy(made, wanted, {"responseType", "statusCode", "responseParameters", "responseTemplates"});
      CHECK_OK(session_.call("apigateway", "PutGatewayResponse", std::move(made)));
    }
    for (const auto& item : is("Responses")) {
      const auto type = text(item.as_object(), "responseType");
      if (by(was("Responses"), "responseType", type) == nullptr) {
        CHECK_OK(session_.call_gone_ok("apigateway", "DeleteGatewayResponse",
                                       input({{"responseType", type}})));
      }
    }
    return {};
  }

  ApiResult<void> settings() {
    const auto& before = was_.at("Api").as_object();
    const auto& now = is_.at("Api").as_object();
    json::Array patches;
    for (const auto member :
         {"name", "description", "version", "apiKeySource", "disableExecuteApiEndpoint"})
      patch_back(patches, before, now, member);
    if (differs(before, now, "policy")) {
      // Answers give it as the inside of a JSON string.
      TRY(const auto policy, json::parse('"' + text(before, "policy") + '"'));
      patches.emplace_back(patch("replace", "/policy", json::str(policy)));
    }
    patch_media_types(patches, strings(now, "binaryMediaTypes"),
                      strings(before, "binaryMediaTypes"));
    const auto old_type = endpoint_type(before);
    if (const auto type = endpoint_type(now); type != old_type)
      patches.emplace_back(patch("replace", "/endpointConfiguration/types/" + type, old_type));
    if (!patches.empty()) {
      CHECK_OK(session_.call("apigateway", "UpdateRestApi",
                             input({{"patchOperations", std::move(patches)}})));
    }
    static const json::Object kNone;
    const auto* old_tags = json::object_at(before, "tags");
    const auto* tags = json::object_at(now, "tags");
    return change_tags(session_, "/restapis/" + api_id_, tags == nullptr ? kNone : *tags,
                       old_tags == nullptr ? kNone : *old_tags);
  }

  const Session& session_;
  const std::string api_id_;
  const json::Object& was_;
  const json::Object& is_;
  std::map<std::string, std::string> resources_;  // ids, by path
  std::map<std::string, std::string> ids_;        // of what has a name: now, by then
};

}  // namespace

ApiResult<void> note_api(const Session& session, const std::string& api_id) {
  auto& stacks = session.stack.engine->stacks();
  TRY(const auto noted, services::load(stacks.store(), note_key(api_id)));
  if (noted && text(*noted, "Operation") == session.stack.operation) return {};
  TRY(auto note, snapshot(session, api_id));
  note["Operation"] = session.stack.operation;
  StackStore::Changes changes(stacks);
  services::save(changes.batch(), note_key(api_id), note);
  return changes.commit();
}

ApiResult<void> restore_api(const Session& session, const std::string& api_id) {
  TRY(const auto was, services::load(session.stack.engine->stacks().store(), note_key(api_id)));
  if (!was || text(*was, "Operation") != session.stack.operation) return {};
  TRY(const auto is, snapshot(session, api_id));
  return WayBack(session, api_id, *was, is).go();
}

ApiResult<void> forget_api(const Session& session, const std::string& api_id) {
  StackStore::Changes changes(session.stack.engine->stacks());
  changes.batch().erase(note_key(api_id));
  return changes.commit();
}

}  // namespace dew::cloudformation
