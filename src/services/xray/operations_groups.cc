// Groups: filters with a name. docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html
#include "base/ids.h"
#include "services/xray/core.h"

namespace dew::xray {

namespace {

constexpr size_t kMaxGroups = 25;
constexpr size_t kArnDigits = 52;
constexpr std::string_view kDefault = "Default";

store::Key groups_key() { return store::Key("xray").add("group"); }

json::Object no_insights() { return {{"InsightsEnabled", false}, {"NotificationsEnabled", false}}; }

json::Object default_group(const Core& core) {
  return {{"GroupName", kDefault},
          {"GroupARN", core.arn("group/Default")},
          {"InsightsConfiguration", no_insights()}};
}

json::Object render(const json::Object& record) {
  json::Object out = record;
  out.erase("Tags");
  return out;
}

aws::ApiResult<void> check_insights(const json::Object& input) {
  const auto* insights = json::object_at(input, "InsightsConfiguration");
  if (insights == nullptr) return {};
  for (const auto& entry : *insights) {
    if (entry.value().is_bool() && entry.value().get_bool())
      return aws::fail(aws::ApiError::unsupported("insights of groups (InsightsConfiguration)"));
  }
  return {};
}

aws::ApiResult<void> check_expression(const json::Object& input) {
  const auto text = json::string_or(input, "FilterExpression");
  if (text.empty()) return {};
  const auto parsed = parse_filter(text);
  if (!parsed) return invalid("Invalid filter expression: " + parsed.error());
  if (mentions_group(*parsed))
    return invalid("Invalid filter expression: a group's own must not name groups.");
  return {};
}

// The stored group that the input means.
aws::ApiResult<json::Object> named_group(Core& core, const json::Object& input) {
  const auto name = json::string_or(input, "GroupName");
  const auto arn = json::string_or(input, "GroupARN");
  if (name.empty() == arn.empty())
    return invalid("Exactly one of GroupName and GroupARN must be given.");
  if (name == kDefault || arn == core.arn("group/Default")) return default_group(core);
  TRY(auto found,
      name.empty() ? group_by_arn(core, arn) : services::load(core.context.store, group_key(name)));
  if (!found) return invalid("Group not found.");
  return *std::move(found);
}

Answer create_group(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  const auto name = json::string_or(call.input, "GroupName");
  CHECK_OK(check_insights(call.input));
  CHECK_OK(check_expression(call.input));
  TRY(const auto existing, services::load(core.context.store, group_key(name)));
  if (existing || name == kDefault) return invalid("Group already exists.");
  size_t count = 0;
  CHECK_OK(services::scan(core.context.store, groups_key(), {},
                          [&](std::string_view, const json::Object&) { return ++count > 0; }));
  if (count >= kMaxGroups)
    return invalid(fmt::format("No more than {} groups are allowed.", kMaxGroups));
  TRY(auto tags, tags_of(call.input));
  json::Object record{
      {"GroupName", name},
      {"GroupARN", core.arn(fmt::format("group/{}/{}", name, random_upper_alnum(kArnDigits)))},
      {"FilterExpression", json::string_or(call.input, "FilterExpression")},
      {"InsightsConfiguration", no_insights()},
      {"Tags", std::move(tags)}};
  store::Batch batch;
  services::save(batch, group_key(name), record);
  TRY([[maybe_unused]] const auto sequence, core.context.store.commit(batch));
  return json::Object{{"Group", render(record)}};
}

Answer get_group(Core& core, aws::Call& call) {
  TRY(const auto group, named_group(core, call.input));
  return json::Object{{"Group", render(group)}};
}

Answer get_groups(Core& core, aws::Call&) {
  json::Array groups{default_group(core)};
  CHECK_OK(services::scan(core.context.store, groups_key(), {},
                          [&](std::string_view, const json::Object& record) {
                            groups.push_back(render(record));
                            return true;
                          }));
  return json::Object{{"Groups", std::move(groups)}};
}

Answer update_group(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  TRY(auto group, named_group(core, call.input));
  CHECK_OK(check_insights(call.input));
  CHECK_OK(check_expression(call.input));
  const auto name = json::string_or(group, "GroupName");
  if (call.input.contains("FilterExpression")) {
    if (name == kDefault) return invalid("The default group has no filter expression.");
    group["FilterExpression"] = json::string_or(call.input, "FilterExpression");
  }
  if (name != kDefault) {
    store::Batch batch;
    services::save(batch, group_key(name), group);
    TRY([[maybe_unused]] const auto sequence, core.context.store.commit(batch));
  }
  return json::Object{{"Group", render(group)}};
}

Answer delete_group(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  TRY(const auto group, named_group(core, call.input));
  const auto name = json::string_or(group, "GroupName");
  if (name == kDefault) return invalid("The default group cannot be deleted.");
  store::Batch batch;
  batch.erase(group_key(name));
  TRY([[maybe_unused]] const auto sequence, core.context.store.commit(batch));
  return json::Object();
}

}  // namespace

store::Key group_key(std::string_view name) { return groups_key().add(name); }

aws::ApiResult<std::optional<json::Object>> group_by_arn(Core& core, std::string_view arn) {
  std::optional<json::Object> found;
  CHECK_OK(services::scan(core.context.store, groups_key(), {},
                          [&](std::string_view, json::Object record) {
                            if (json::string_or(record, "GroupARN") != arn) return true;
                            found = std::move(record);
                            return false;
                          }));
  return found;
}

aws::ApiResult<Groups> Groups::load(Core& core) {
  Groups out;
  out.groups_.push_back({std::string(kDefault), core.arn("group/Default"), Filter{}});
  CHECK_OK(services::scan(
      core.context.store, groups_key(), {}, [&](std::string_view, const json::Object& record) {
        const auto text = json::string_or(record, "FilterExpression");
        auto filter = text.empty() ? Filter{} : parse_filter(text).value_or(Filter{});
        out.groups_.push_back({json::string_or(record, "GroupName"),
                               json::string_or(record, "GroupARN"), std::move(filter)});
        return true;
      }));
  return out;
}

const Filter* Groups::find(Keyword by, std::string_view text) const {
  for (const auto& group : groups_) {
    if ((by == Keyword::kGroupName ? group.name : group.arn) == text) return &group.filter;
  }
  return nullptr;
}

aws::ApiResult<const Filter*> Groups::of(const json::Object& input) const {
  const auto name = json::string_or(input, "GroupName");
  const auto arn = json::string_or(input, "GroupARN");
  if (name.empty() && arn.empty()) return nullptr;
  if (!name.empty() && !arn.empty())
    return invalid("Only one of GroupName and GroupARN may be given.");
  const Filter* found =
      name.empty() ? find(Keyword::kGroupArn, arn) : find(Keyword::kGroupName, name);
  if (found == nullptr) return invalid("Group not found.");
  return found;
}

void register_groups(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "CreateGroup", create_group);
  add_operation(registry, core, "GetGroup", get_group);
  add_operation(registry, core, "GetGroups", get_groups);
  add_operation(registry, core, "UpdateGroup", update_group);
  add_operation(registry, core, "DeleteGroup", delete_group);
}

}  // namespace dew::xray
