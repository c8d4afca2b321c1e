// A bucket's settings: documents that are stored under the bucket and given back.
#include "services/s3/settings.h"

#include "policy/policy.h"
#include "services/s3/versions.h"

namespace dew::s3 {

ApiResult<json::Value> change_bucket(State& state, const json::Object& input,
                                     const std::function<ApiResult<void>(json::Object&)>& edit) {
  std::lock_guard lock(state.mutex);
  TRY(auto bucket, load_bucket(state, input));
  CHECK_OK(edit(bucket));
  store::Batch batch;
  services::save(batch, bucket_key(json::string_or(bucket, "Name")), bucket);
  CHECK_OK(commit(state, batch));
  return json::Object{};
}

namespace {

// One setting: its member in the bucket's record, in the input, in the output, and what GET answers
// without.
struct Setting {
  std::string_view stored;
  std::string_view input;
  std::string_view output;
  std::string_view absent_code;
  std::string_view absent_message;
};

constexpr Setting kPolicy{"Policy", "Policy", "Policy", "NoSuchBucketPolicy",
                          "The bucket policy does not exist"};
constexpr Setting kEncryption{"Encryption", "ServerSideEncryptionConfiguration",
                              "ServerSideEncryptionConfiguration",
                              "ServerSideEncryptionConfigurationNotFoundError",
                              "The server side encryption configuration was not found"};
constexpr Setting kPublicAccess{
    "PublicAccessBlock", "PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration",
    "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"};
constexpr Setting kTagging{"Tags", "Tagging", "TagSet", "NoSuchTagSet",
                           "The TagSet does not exist"};
constexpr Setting kOwnership{"OwnershipControls", "OwnershipControls", "OwnershipControls",
                             "OwnershipControlsNotFoundError",
                             "The bucket ownership controls were not found"};

constexpr Setting kCors{"Cors", "CORSConfiguration", "CORSRules", "NoSuchCORSConfiguration",
                        "The CORS configuration does not exist"};
constexpr Setting kLifecycle{"Lifecycle", "LifecycleConfiguration", "Rules",
                             "NoSuchLifecycleConfiguration",
                             "The lifecycle configuration does not exist"};

ApiResult<json::Value> get(const State& state, const Call& call, const Setting& setting) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto* value = json::find(bucket, setting.stored);
  if (value == nullptr) {
    aws::ApiError error(std::string(setting.absent_code), std::string(setting.absent_message), 404);
    error.members["BucketName"] = json::string_or(bucket, "Name");
    return aws::fail(std::move(error));
  }
  json::Object out;
  out[setting.output] = *value;
  return out;
}

void forget_policy(State& state, const json::Object& input) {
  state.policies.with([&](auto& policies) { policies.erase(json::string_or(input, "Bucket")); });
}

ApiResult<json::Value> erase(State& state, const Call& call, const Setting& setting) {
  auto erased = change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket.erase(setting.stored);
    if (setting.stored == kEncryption.stored) bucket.erase("DefaultEncryption");
    return {};
  });
  if (erased && setting.stored == kPolicy.stored) forget_policy(state, call.input);
  return erased;
}

ApiResult<json::Value> put_policy(State& state, Call& call) {
  const auto document = json::string_or(call.input, kPolicy.input);
  const auto malformed = [](std::string message) {
    return aws::fail("MalformedPolicy", std::move(message));
  };
  if (document.size() > kBucketPolicyBytes)
    return malformed("Policies must not exceed 20 KB in size");
  const auto parsed = policy::Policy::parse(document, policy::Kind::kResource);
  if (!parsed) {
    return malformed(parsed.error().message == "This policy contains invalid Json"
                         ? "Policies must be valid JSON and the first byte must be '{'"
                         : parsed.error().message);
  }
  auto stored = change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    const auto arn = "arn:aws:s3:::" + json::string_or(bucket, "Name");
    for (const auto& resource : (*parsed)->resources()) {
      if (!resource.starts_with(arn) && resource.find('*') == std::string::npos) {
        return malformed("Policy has invalid resource");
      }
    }
    bucket[kPolicy.stored] = document;
    return {};
  });
  if (stored) {
    state.policies.with([&](auto& policies) {
      policies.insert_or_assign(json::string_or(call.input, "Bucket"), *parsed);
    });
  }
  return stored;
}

ApiResult<json::Value> put_encryption(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, kEncryption.input);
  const auto* rules = wanted == nullptr ? nullptr : json::array_at(*wanted, "Rules");
  if (rules == nullptr || rules->size() != 1) {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  }
  const auto* apply =
      json::object_at((*rules)[0].as_object(), "ApplyServerSideEncryptionByDefault");
  const auto algorithm = apply == nullptr ? "AES256" : json::string_or(*apply, "SSEAlgorithm");
  if (algorithm != "AES256") {
    return aws::fail(aws::ApiError::unsupported("the server-side encryption '" + algorithm + "'"));
  }
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    auto stored = *wanted;
    auto& rule = stored["Rules"].as_array()[0].as_object();
    if (!rule.contains("BucketKeyEnabled")) rule["BucketKeyEnabled"] = false;
    bucket[kEncryption.stored] = std::move(stored);
    bucket["DefaultEncryption"] = algorithm;
    return {};
  });
}

ApiResult<json::Value> put_public_access(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, kPublicAccess.input);
  json::Object stored;
  for (const auto* flag :
       {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}) {
    stored[flag] = wanted != nullptr && json::bool_at(*wanted, flag).value_or(false);
  }
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket[kPublicAccess.stored] = std::move(stored);
    return {};
  });
}

ApiResult<json::Value> put_tagging(State& state, Call& call) {
  call.status = 204;
  const auto* wanted = json::object_at(call.input, kTagging.input);
  const auto* tags = wanted == nullptr ? nullptr : json::array_at(*wanted, "TagSet");
  if (tags != nullptr) CHECK_OK(check_tags(*tags, kBucketTags));
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket[kTagging.stored] = tags == nullptr ? json::Array{} : *tags;
    return {};
  });
}

ApiResult<json::Value> put_ownership(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, kOwnership.input);
  const auto* rules = wanted == nullptr ? nullptr : json::array_at(*wanted, "Rules");
  if (rules == nullptr || rules->size() != 1) {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  }
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket[kOwnership.stored] = *wanted;
    return {};
  });
}

// Access control lists: there is one owner, and it controls everything.
ApiResult<json::Value> put_bucket_acl(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  if (call.input.contains("AccessControlPolicy")) {
    return aws::fail(aws::ApiError::unsupported("access control lists (use a bucket policy)"));
  }
  CHECK_OK(check_acl(call.input));
  return json::Object{};
}

json::Object full_control(const State& state) {
  auto grantee = owner(state);
  grantee["Type"] = "CanonicalUser";
  return json::Object{
      {"Owner", owner(state)},
      {"Grants", json::Array{json::Object{{"Grantee", grantee}, {"Permission", "FULL_CONTROL"}}}}};
}

ApiResult<json::Value> get_bucket_acl(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  return full_control(state);
}

ApiResult<json::Value> get_object_acl(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  CHECK_OK(find_object(state, json::string_or(bucket, "Name"), json::string_or(call.input, "Key"),
                       call));
  return full_control(state);
}

void add_setting(const Add& add, const std::string& suffix, const Setting& setting) {
  add("Get" + suffix, [&setting](State& state, Call& call) { return get(state, call, setting); });
  add("Delete" + suffix,
      [&setting](State& state, Call& call) { return erase(state, call, setting); });
}

}  // namespace

void add_setting_operations(const Add& add) {
  add_setting(add, "BucketCors", kCors);
  add("GetBucketLifecycleConfiguration",
      [](State& state, Call& call) { return get(state, call, kLifecycle); });
  add("DeleteBucketLifecycle",
      [](State& state, Call& call) { return erase(state, call, kLifecycle); });
  add_setting(add, "BucketPolicy", kPolicy);
  add_setting(add, "BucketEncryption", kEncryption);
  add_setting(add, "PublicAccessBlock", kPublicAccess);
  add_setting(add, "BucketTagging", kTagging);
  add_setting(add, "BucketOwnershipControls", kOwnership);
  add("PutBucketPolicy", put_policy);
  add("PutBucketEncryption", put_encryption);
  add("PutPublicAccessBlock", put_public_access);
  add("PutBucketTagging", put_tagging);
  add("PutBucketOwnershipControls", put_ownership);
  add("PutBucketAcl", put_bucket_acl);
  add("GetBucketAcl", get_bucket_acl);
  add("GetObjectAcl", get_object_acl);
}

}  // namespace dew::s3
