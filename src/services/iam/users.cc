// Users and their access keys.
#include <algorithm>

#include "aws/credentials.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "services/iam/state.h"

namespace dew::iam {

ApiResult<std::string> user_or_caller(const Call& call) {
  if (const auto name = json::string_at(call.input, "UserName")) return std::string(*name);
  const auto at = call.identity.arn.find(":user/");
  if (at == std::string::npos) {
    return aws::fail("ValidationError",
                     "Must specify userName when calling with non-User credentials");
  }
  return call.identity.arn.substr(call.identity.arn.rfind('/') + 1);
}

namespace {

ApiResult<json::Value> create_user(State& state, Call& call) {
  const auto name = json::string_or(call.input, "UserName");
  const auto key = principal_key(Principal::kUser, name);
  TRY(const auto existing, services::load(state.context.store, key));
  if (existing) return already_exists(fmt::format("User with name {} already exists.", name));
  const auto path = json::string_or(call.input, "Path", "/");
  json::Object user;
  user["Path"] = path;
  user["UserName"] = name;
  user["UserId"] = "AIDA" + random_upper_alnum(17);
  user["Arn"] = arn(state, "user", path, name);
  user["CreateDate"] = state.context.clock.now_seconds();
  if (const auto boundary = json::string_at(call.input, "PermissionsBoundary")) {
    CHECK_OK(load_policy(state, *boundary));
    user["PermissionsBoundary"] =
        json::Object{{"PermissionsBoundaryType", "PermissionsBoundaryPolicy"},
                     {"PermissionsBoundaryArn", *boundary}};
  }
  if (const auto* tags = json::array_at(call.input, "Tags")) CHECK_OK(merge_tags(user, *tags));
  user["Inline"] = json::Object{};
  user["Attached"] = json::Array{};
  user["Keys"] = json::Array{};
  CHECK_OK(store_record(state, key, user));
  return json::Object{{"User", describe(Principal::kUser, user)}};
}

ApiResult<json::Value> get_user(State& state, Call& call) {
  if (!call.input.contains("UserName") && call.identity.arn.ends_with(":root")) {
    json::Object root;
    root["UserId"] = state.context.config.account;
    root["Arn"] = call.identity.arn;
    root["Path"] = "/";
    root["UserName"] = "root";
    root["CreateDate"] = 0;
    return json::Object{{"User", std::move(root)}};
  }
  TRY(const auto name, user_or_caller(call));
  TRY(const auto user, load_principal(state, Principal::kUser, name));
  return json::Object{{"User", describe(Principal::kUser, user)}};
}

ApiResult<json::Value> list_users(State& state, Call& call) {
  const auto prefix = json::string_or(call.input, "PathPrefix", "/");
  json::Array users;
  CHECK_OK(services::scan(state.context.store, store::Key("iam").add("user"), {},
                          [&](std::string_view, json::Object user) {
                            if (json::string_or(user, "Path").starts_with(prefix)) {
                              auto shown = describe(Principal::kUser, user);
                              shown.erase("Tags");
                              users.push_back(std::move(shown));
                            }
                            return true;
                          }));
  return page(call.input, "Users", std::move(users));
}

ApiResult<json::Value> delete_user(State& state, Call& call) {
  const auto name = json::string_or(call.input, "UserName");
  TRY(const auto user, load_principal(state, Principal::kUser, name));
  CHECK_OK(check_without_policies(user));
  if (!strings_of(user, "Groups").empty()) {
    return delete_conflict("Cannot delete entity, must remove users from group first.");
  }
  if (const auto* list = json::array_at(user, "Keys"); list != nullptr && !list->empty()) {
    return delete_conflict("Cannot delete entity, must delete access keys first.");
  }
  if (user.contains("Login"))
    return delete_conflict("Cannot delete entity, must delete login profile first.");
  store::Batch batch;
  batch.erase(principal_key(Principal::kUser, name));
  CHECK_OK(state.context.store.commit(batch));
  return json::Object{};
}

store::Key key_key(std::string_view id) { return store::Key("iam").add("key").add(id); }

ApiResult<json::Value> create_access_key(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  TRY(auto user, load_principal(state, Principal::kUser, name));
  auto& keys = user["Keys"].as_array();
  if (keys.size() >= kAccessKeysPerUser) {
    return limit_exceeded(
        fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", kAccessKeysPerUser));
  }
  const auto id = std::string(aws::kUserKeyPrefix) + random_upper_alnum(13);
  keys.emplace_back(id);
  json::Object key;
  key["UserName"] = json::string_or(user, "UserName");
  key["AccessKeyId"] = id;
  key["Status"] = "Active";
  key["SecretAccessKey"] = base64_encode(random_bytes(30));
  key["CreateDate"] = state.context.clock.now_seconds();
  store::Batch batch;
  services::save(batch, key_key(id), key);
  services::save(batch, principal_key(Principal::kUser, name), user);
  CHECK_OK(state.context.store.commit(batch));
  remember_keys(state, {&id, 1});
  return json::Object{{"AccessKey", std::move(key)}};
}

ApiResult<json::Value> list_access_keys(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  TRY(const auto user, load_principal(state, Principal::kUser, name));
  json::Array list;
  for (const auto& id : *json::array_at(user, "Keys")) {
    TRY(auto key, services::load(state.context.store, key_key(json::str(id))));
    if (!key) continue;
    for (const auto* mine : {"SecretAccessKey", "LastUsed"}) key->erase(mine);
    list.emplace_back(std::move(*key));
  }
  return page(call.input, "AccessKeyMetadata", std::move(list));
}

// The key, if it is that user's.
ApiResult<json::Object> load_key(const State& state, std::string_view user, std::string_view id) {
  TRY(auto key, services::load(state.context.store, key_key(id)));
  if (!key || lower(json::string_or(*key, "UserName")) != lower(user)) {
    return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
  }
  return std::move(*key);
}

ApiResult<json::Value> update_access_key(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  const auto id = json::string_or(call.input, "AccessKeyId");
  TRY(auto key, load_key(state, name, id));
  key["Status"] = json::string_or(call.input, "Status");
  // An inactive key is not in memory: its record keeps what is known.
  const auto keys = state.keys.read([](const auto& all) { return all; });
  if (const auto it = keys->find(id); it != keys->end()) {
    const auto last = it->second->use->last();
    key["LastUsed"] =
        json::Object{{"Seconds", last.seconds}, {"Service", last.service}, {"Region", last.region}};
  }
  CHECK_OK(store_record(state, key_key(id), key));
  remember_keys(state, {&id, 1});
  return json::Object{};
}

// "N/A" where a key was never used, says API_AccessKeyLastUsed.html.
ApiResult<json::Value> access_key_last_used(State& state, Call& call) {
  const auto id = json::string_or(call.input, "AccessKeyId");
  TRY(const auto key, services::load(state.context.store, key_key(id)));
  if (!key) return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
  json::Object used{{"ServiceName", "N/A"}, {"Region", "N/A"}};
  const auto tell = [&](int64_t seconds, std::string_view service, std::string_view region) {
    if (seconds == 0) return;
    used = {{"LastUsedDate", seconds}, {"ServiceName", service}, {"Region", region}};
  };
  const auto keys = state.keys.read([](const auto& all) { return all; });
  if (const auto it = keys->find(id); it != keys->end()) {
    const auto last = it->second->use->last();
    tell(last.seconds, last.service, last.region);
  } else if (const auto* stored = json::object_at(*key, "LastUsed")) {
    tell(json::int_at(*stored, "Seconds").value_or(0), json::string_or(*stored, "Service"),
         json::string_or(*stored, "Region"));
  }
  return json::Object{{"UserName", json::string_or(*key, "UserName")},
                      {"AccessKeyLastUsed", std::move(used)}};
}

ApiResult<json::Value> delete_access_key(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  const auto id = json::string_or(call.input, "AccessKeyId");
  CHECK_OK(load_key(state, name, id));
  TRY(auto user, load_principal(state, Principal::kUser, name));
  json::Array left;
  for (const auto& key : *json::array_at(user, "Keys")) {
    if (key.as_string() != id) left.push_back(key);
  }
  user["Keys"] = std::move(left);
  store::Batch batch;
  batch.erase(key_key(id));
  services::save(batch, principal_key(Principal::kUser, name), user);
  CHECK_OK(state.context.store.commit(batch));
  remember_keys(state, {&id, 1});
  return json::Object{};
}

}  // namespace

void add_user_operations(const Add& add) {
  add("CreateUser", create_user);
  add("GetUser", get_user);
  add("ListUsers", list_users);
  add("DeleteUser", delete_user);
  add("CreateAccessKey", create_access_key);
  add("ListAccessKeys", list_access_keys);
  add("UpdateAccessKey", update_access_key);
  add("GetAccessKeyLastUsed", access_key_last_used);
  add("DeleteAccessKey", delete_access_key);
}

}  // namespace dew::iam
