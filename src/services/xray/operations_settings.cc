// Encryption and tags. docs.aws.amazon.com/xray/latest/api/API_PutEncryptionConfig.html,
// API_TagResource.html
#include "services/xray/core.h"

namespace dew::xray {

namespace {

constexpr size_t kMaxTags = 50;

json::Object encryption() { return {{"Status", "ACTIVE"}, {"Type", "NONE"}}; }

Answer get_encryption(Core&, aws::Call&) {
  return json::Object{{"EncryptionConfig", encryption()}};
}

Answer put_encryption(Core&, aws::Call& call) {
  if (json::string_or(call.input, "Type") == "KMS")
    return aws::fail(aws::ApiError::unsupported("encryption of traces with a KMS key (Type KMS)"));
  if (call.input.contains("KeyId")) return invalid("KeyId must not be given for the type NONE.");
  return json::Object{{"EncryptionConfig", encryption()}};
}

aws::ApiError not_found(std::string_view arn) {
  aws::ApiError error("ResourceNotFoundException", "The resource does not exist.", 404);
  error.members["ResourceName"] = arn;
  return error;
}

// What has tags: a group or a sampling rule. Changes them and stores it, unless `change` is null.
aws::ApiResult<json::Object> change_tags(
    Core& core, const json::Object& input,
    const std::function<aws::ApiResult<void>(json::Object& tags)>& change) {
  const auto arn = json::string_or(input, "ResourceARN");
  if (arn.starts_with(core.arn("sampling-rule/"))) {
    for (auto& rule : core.sampler.rules()) {
      if (rule.arn != arn) continue;
      if (!change) return rule.tags;
      CHECK_OK(change(rule.tags));
      CHECK_OK(save_rule(core, rule));
      return rule.tags;
    }
  } else if (arn.starts_with(core.arn("group/"))) {
    TRY(auto group, group_by_arn(core, arn));
    if (!group) return aws::fail(not_found(arn));
    json::Object tags;
    if (const auto* stored = json::object_at(*group, "Tags")) tags = *stored;
    if (!change) return tags;
    CHECK_OK(change(tags));
    (*group)["Tags"] = tags;
    store::Batch batch;
    services::save(batch, group_key(json::string_or(*group, "GroupName")), *group);
    TRY([[maybe_unused]] const auto sequence, core.context.store.commit(batch));
    return tags;
  }
  return aws::fail(not_found(arn));
}

Answer list_tags(Core& core, aws::Call& call) {
  TRY(const auto tags, change_tags(core, call.input, {}));
  json::Array out;
  for (const auto& tag : tags)
    out.push_back(json::Object{{"Key", tag.key()}, {"Value", tag.value()}});
  return json::Object{{"Tags", std::move(out)}};
}

Answer tag_resource(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  TRY(const auto added, tags_of(call.input));
  CHECK_OK(change_tags(core, call.input, [&](json::Object& tags) -> aws::ApiResult<void> {
    for (const auto& tag : added) tags[tag.key()] = tag.value();
    if (tags.size() <= kMaxTags) return {};
    aws::ApiError error("TooManyTagsException",
                        fmt::format("A resource has at most {} tags.", kMaxTags));
    error.members["ResourceName"] = json::string_or(call.input, "ResourceARN");
    return aws::fail(std::move(error));
  }));
  return json::Object();
}

Answer untag_resource(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  CHECK_OK(change_tags(core, call.input, [&](json::Object& tags) -> aws::ApiResult<void> {
    for (const auto& key : *json::array_at(call.input, "TagKeys"))
      tags.erase(json::view(key.as_string()));
    return {};
  }));
  return json::Object();
}

}  // namespace

aws::ApiResult<json::Object> tags_of(const json::Object& input) {
  json::Object out;
  const auto* tags = json::array_at(input, "Tags");
  if (tags == nullptr) return out;
  for (const auto& tag : *tags)
    out[json::string_or(tag.as_object(), "Key")] = json::string_or(tag.as_object(), "Value");
  if (out.size() > kMaxTags)
    return invalid(fmt::format("A resource has at most {} tags.", kMaxTags));
  return out;
}

void register_settings(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "GetEncryptionConfig", get_encryption);
  add_operation(registry, core, "PutEncryptionConfig", put_encryption);
  add_operation(registry, core, "ListTagsForResource", list_tags);
  add_operation(registry, core, "TagResource", tag_resource);
  add_operation(registry, core, "UntagResource", untag_resource);
}

}  // namespace dew::xray
