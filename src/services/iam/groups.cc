// Groups: users with policies in common. A group is no principal: its policies count for its users
// (attached.cc). Membership stands on both sides, by names in lower case, written in one batch.
// docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html
#include <algorithm>

#include "base/ids.h"
#include "services/iam/state.h"

namespace dew::iam {

namespace {

json::Object shown(const json::Object& group) { return describe(Principal::kGroup, group); }

ApiResult<json::Value> create_group(State& state, Call& call) {
  const auto name = json::string_or(call.input, "GroupName");
  const auto key = principal_key(Principal::kGroup, name);
  TRY(const auto existing, services::load(state.context.store, key));
  if (existing) return already_exists(fmt::format("Group with name {} already exists.", name));
  size_t groups = 0;
  CHECK_OK(services::scan(state.context.store, store::Key("iam").add("group"), {},
                          [&](std::string_view, const json::Object&) { return ++groups > 0; }));
  if (groups >= kGroups)
    return limit_exceeded(fmt::format("Cannot exceed quota for GroupsPerAccount: {}", kGroups));
  const auto path = json::string_or(call.input, "Path", "/");
  json::Object group{{"Path", path},
                     {"GroupName", name},
                     {"GroupId", "AGPA" + random_upper_alnum(17)},
                     {"Arn", arn(state, "group", path, name)},
                     {"CreateDate", state.context.clock.now_seconds()},
                     {"Inline", json::Object{}},
                     {"Attached", json::Array{}},
                     {"Users", json::Array{}}};
  CHECK_OK(store_record(state, key, group));
  return json::Object{{"Group", shown(group)}};
}

ApiResult<json::Value> get_group(State& state, Call& call) {
  TRY(const auto group,
      load_principal(state, Principal::kGroup, json::string_or(call.input, "GroupName")));
  json::Array users;
  for (const auto& name : strings_of(group, "Users")) {
    TRY(const auto user, load_principal(state, Principal::kUser, name));
    auto one = describe(Principal::kUser, user);
    one.erase("Tags");
    users.emplace_back(std::move(one));
  }
  auto out = page(call.input, "Users", std::move(users));
  out.as_object()["Group"] = shown(group);
  return out;
}

ApiResult<json::Value> list_groups(State& state, Call& call) {
  const auto prefix = json::string_or(call.input, "PathPrefix", "/");
  json::Array groups;
  CHECK_OK(services::scan(state.context.store, store::Key("iam").add("group"), {},
                          [&](std::string_view, const json::Object& group) {
                            if (json::string_or(group, "Path").starts_with(prefix))
                              groups.emplace_back(shown(group));
                            return true;
                          }));
  return page(call.input, "Groups", std::move(groups));
}

ApiResult<json::Value> list_groups_for_user(State& state, Call& call) {
  TRY(const auto user,
      load_principal(state, Principal::kUser, json::string_or(call.input, "UserName")));
  json::Array groups;
  for (const auto& name : strings_of(user, "Groups")) {
    TRY(const auto group, load_principal(state, Principal::kGroup, name));
    groups.emplace_back(shown(group));
  }
  return page(call.input, "Groups", std::move(groups));
}

ApiResult<json::Value> delete_group(State& state, Call& call) {
  const auto name = json::string_or(call.input, "GroupName");
  TRY(const auto group, load_principal(state, Principal::kGroup, name));
  if (!strings_of(group, "Users").empty())
    return delete_conflict("Cannot delete entity, must remove users from group first.");
  CHECK_OK(check_without_policies(group));
  store::Batch batch;
  batch.erase(principal_key(Principal::kGroup, name));
  CHECK_OK(state.context.store.commit(batch));
  return json::Object{};
}

// Adds the name to a sorted list, or takes it out.
void change_list(json::Object& record, std::string_view list, const std::string& name, bool add) {
  auto names = strings_of(record, list);
  std::erase(names, name);
  if (add) names.push_back(name);
  std::ranges::sort(names);
  json::Array out;
  for (auto& one : names) out.emplace_back(std::move(one));
  record[list] = std::move(out);
}

ApiResult<json::Value> change_membership(State& state, const Call& call, bool add) {
  const auto group_name = json::string_or(call.input, "GroupName");
  const auto user_name = json::string_or(call.input, "UserName");
  TRY(auto group, load_principal(state, Principal::kGroup, group_name));
  TRY(auto user, load_principal(state, Principal::kUser, user_name));
  change_list(group, "Users", lower(user_name), add);
  change_list(user, "Groups", lower(group_name), add);
  if (strings_of(user, "Groups").size() > kGroupsPerUser) {
    return limit_exceeded(fmt::format("Cannot exceed quota for GroupsPerUser: {}", kGroupsPerUser));
  }
  store::Batch batch;
  services::save(batch, principal_key(Principal::kGroup, group_name), group);
  services::save(batch, principal_key(Principal::kUser, user_name), user);
  CHECK_OK(state.context.store.commit(batch));
  return json::Object{};
}

// Renames and moves: the record goes to its new key, and the other side of every membership learns
// the new name.
ApiResult<json::Value> rename(State& state, const Call& call, Principal kind) {
  const bool user = kind == Principal::kUser;
  const auto old_name = name_of(kind, call.input);
  TRY(auto record, load_principal(state, kind, old_name));
  const auto name = json::string_or(call.input, user ? "NewUserName" : "NewGroupName",
                                    json::string_or(record, name_member(kind)));
  const auto path = json::string_or(call.input, "NewPath", json::string_or(record, "Path"));
  if (lower(name) != lower(old_name)) {
    TRY(const auto taken, services::load(state.context.store, principal_key(kind, name)));
    if (taken) {
      return already_exists(
          fmt::format("{} with name {} already exists.", user ? "User" : "Group", name));
    }
  }
  record[name_member(kind)] = name;
  record["Path"] = path;
  record["Arn"] = arn(state, word(kind), path, name);
  store::Batch batch;
  batch.erase(principal_key(kind, old_name));
  services::save(batch, principal_key(kind, name), record);
  const auto others = user ? Principal::kGroup : Principal::kUser;
  for (const auto& other : strings_of(record, user ? "Groups" : "Users")) {
    TRY(auto its, load_principal(state, others, other));
    const auto* list = user ? "Users" : "Groups";
    change_list(its, list, lower(old_name), false);
    change_list(its, list, lower(name), true);
    services::save(batch, principal_key(others, other), its);
  }
  const auto keys = user ? strings_of(record, "Keys") : std::vector<std::string>();
  for (const auto& id : keys) {
    const auto key = store::Key("iam").add("key").add(id);
    TRY(auto its, services::load(state.context.store, key));
    if (!its) continue;
    (*its)["UserName"] = name;
    services::save(batch, key, *its);
  }
  CHECK_OK(state.context.store.commit(batch));
  if (!keys.empty()) remember_keys(state, keys);
  return json::Object{};
}

}  // namespace

void add_group_operations(const Add& add) {
  add("CreateGroup", create_group);
  add("GetGroup", get_group);
  add("ListGroups", list_groups);
  add("ListGroupsForUser", list_groups_for_user);
  add("DeleteGroup", delete_group);
  add("AddUserToGroup",
      [](State& state, Call& call) { return change_membership(state, call, true); });
  add("RemoveUserFromGroup",
      [](State& state, Call& call) { return change_membership(state, call, false); });
  add("UpdateGroup",
      [](State& state, Call& call) { return rename(state, call, Principal::kGroup); });
  add("UpdateUser", [](State& state, Call& call) { return rename(state, call, Principal::kUser); });
}

}  // namespace dew::iam
