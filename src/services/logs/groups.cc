// Log groups: retention, tags.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "services/logs/service.h"

namespace dew::logs {

namespace {

constexpr size_t kPage = 50;
constexpr size_t kMaxTags = 50;

// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
constexpr auto kRetentionDays =
    std::to_array<int64_t>({1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                            365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653});

aws::ApiError no_such_group() {
  return {"ResourceNotFoundException", "The specified log group does not exist.", 400};
}

}  // namespace

std::string Service::group_arn(std::string_view group) const {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}", context_.config.region,
                     context_.config.account, group);
}

aws::ApiResult<json::Object> Service::find_group(const aws::Call& call,
                                                 std::string_view member) const {
  auto name = json::string_or(call.input, member);
  if (name.empty()) name = json::string_or(call.input, "logGroupIdentifier");
  if (name.starts_with("arn:")) {
    const auto prefix = group_arn("");
    if (!name.starts_with(prefix)) return aws::fail(no_such_group());
    name.erase(0, prefix.size());
    if (name.ends_with(":*")) name.resize(name.size() - 2);
  }
  TRY(auto group, records_.group(name));
  if (!group) return aws::fail(no_such_group());
  return std::move(*group);
}

aws::ApiResult<json::Value> Service::create_log_group(aws::Call& call) {
  if (call.input.contains("kmsKeyId")) {
    return aws::fail("InvalidParameterException",
                     "Dewpoint does not support encrypted log groups (kmsKeyId) yet");
  }
  const auto name = json::string_or(call.input, "logGroupName");
  const std::scoped_lock lock(records_.write);
  TRY(const auto existing, records_.group(name));
  if (existing)
    return aws::fail("ResourceAlreadyExistsException", "The specified log group already exists");
  auto group = records_.new_group(name);
  if (const auto* tags = json::object_at(call.input, "tags")) group["tags"] = *tags;
  store::Batch batch;
  Records::put_group(batch, group);
  CHECK_OK(records_.commit(batch));
  return json::Object();
}

aws::ApiResult<json::Value> Service::delete_log_group(aws::Call& call) {
  ingest_.flush();
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  store::Batch batch;
  Records::erase_group(batch, json::string_or(group, "logGroupName"));
  CHECK_OK(records_.commit(batch));
  filters_.set(json::string_or(group, "logGroupName"), nullptr);
  return json::Object();
}

aws::ApiResult<json::Value> Service::describe_log_groups(aws::Call& call) {
  for (const auto* member : {"accountIdentifiers", "includeLinkedAccounts"}) {
    const auto* value = json::find(call.input, member);
    if (value && *value != json::Value(false)) {
      return aws::fail("InvalidParameterException",
                       fmt::format("Dewpoint does not support {} yet", member));
    }
  }
  ingest_.flush();
  const auto limit = static_cast<size_t>(json::int_at(call.input, "limit").value_or(kPage));
  const auto pattern = json::string_or(call.input, "logGroupNamePattern");
  const auto token = base64_decode(json::string_or(call.input, "nextToken"));
  if (!token) return aws::fail("InvalidParameterException", "The specified nextToken is invalid.");
  TRY(const auto groups, records_.groups(json::string_or(call.input, "logGroupNamePrefix")));
  json::Object out;
  json::Array list;
  for (const auto& group : groups) {
    const auto name = json::string_or(group, "logGroupName");
    if (name <= *token || (!pattern.empty() && name.find(pattern) == std::string::npos)) continue;
    if (list.size() == limit) {
      out["nextToken"] = base64_encode(json::str(list.back().as_object()["logGroupName"]));
      break;
    }
    json::Object one = group;
    one.erase("tags");
    TRY(const auto metric_filters, records_.filters(FilterKind::kMetric, name));
    one["metricFilterCount"] = metric_filters.size();
    one["arn"] = group_arn(name) + ":*";
    one["logGroupArn"] = group_arn(name);
    int64_t bytes = 0;
    TRY(const auto streams, records_.streams(name, ""));
    for (const auto& stream : streams) bytes += json::int_at(stream, "storedBytes").value_or(0);
    one["storedBytes"] = bytes;
    list.emplace_back(std::move(one));
  }
  out["logGroups"] = std::move(list);
  return out;
}

aws::ApiResult<json::Value> Service::put_retention_policy(aws::Call& call) {
  const auto days = json::int_at(call.input, "retentionInDays").value_or(0);
  if (std::find(kRetentionDays.begin(), kRetentionDays.end(), days) == kRetentionDays.end()) {
    return aws::fail("InvalidParameterException",
                     fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' "
                                 "failed to satisfy constraint: "
                                 "Member must satisfy enum value set: [{}]",
                                 days, fmt::join(kRetentionDays, ", ")));
  }
  const std::scoped_lock lock(records_.write);
  TRY(auto group, find_group(call));
  group["retentionInDays"] = days;
  store::Batch batch;
  Records::put_group(batch, group);
  CHECK_OK(records_.commit(batch));
  return json::Object();
}

aws::ApiResult<json::Value> Service::delete_retention_policy(aws::Call& call) {
  const std::scoped_lock lock(records_.write);
  TRY(auto group, find_group(call));
  group.erase("retentionInDays");
  store::Batch batch;
  Records::put_group(batch, group);
  CHECK_OK(records_.commit(batch));
  return json::Object();
}

aws::ApiResult<json::Value> Service::change_tags(const json::Object& group,
                                                 const json::Object* added,
                                                 const json::Array* removed) {
  auto changed = group;
  if (!changed.contains("tags")) changed["tags"] = json::Object();
  auto& tags = changed["tags"].as_object();
  if (added) {
    for (const auto& tag : *added) tags[tag.key()] = tag.value();
  }
  for (const auto& key : removed ? *removed : json::Array()) tags.erase(key.as_string());
  if (tags.size() > kMaxTags)
    return aws::fail("TooManyTagsException", "A resource can have at most 50 tags.");
  store::Batch batch;
  Records::put_group(batch, changed);
  CHECK_OK(records_.commit(batch));
  return json::Object();
}

aws::ApiResult<json::Value> Service::tag_log_group(aws::Call& call) {
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  return change_tags(group, json::object_at(call.input, "tags"), nullptr);
}

aws::ApiResult<json::Value> Service::untag_log_group(aws::Call& call) {
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call));
  return change_tags(group, nullptr, json::array_at(call.input, "tags"));
}

aws::ApiResult<json::Value> Service::list_tags_log_group(aws::Call& call) {
  TRY(const auto group, find_group(call));
  const auto* tags = json::object_at(group, "tags");
  return json::Object{{"tags", tags ? *tags : json::Object()}};
}

aws::ApiResult<json::Value> Service::tag_resource(aws::Call& call) {
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call, "resourceArn"));
  return change_tags(group, json::object_at(call.input, "tags"), nullptr);
}

aws::ApiResult<json::Value> Service::untag_resource(aws::Call& call) {
  const std::scoped_lock lock(records_.write);
  TRY(const auto group, find_group(call, "resourceArn"));
  return change_tags(group, nullptr, json::array_at(call.input, "tagKeys"));
}

aws::ApiResult<json::Value> Service::list_tags_for_resource(aws::Call& call) {
  TRY(const auto group, find_group(call, "resourceArn"));
  const auto* tags = json::object_at(group, "tags");
  return json::Object{{"tags", tags ? *tags : json::Object()}};
}

}  // namespace dew::logs
