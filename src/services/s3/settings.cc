// A bucket's settings: documents that are stored under the bucket and given back.
#include "services/s3/settings.h"

#include "policy/policy.h"
#include "policy/public_access.h"
#include "services/s3/access.h"

namespace dew::s3 {

ApiResult<json::Value> change_bucket(State& state, const json::Object& input,
                                     const std::function<ApiResult<void>(json::Object&)>& edit) {
  std::lock_guard lock(state.mutex);
  TRY(auto bucket, load_bucket(state, input));
  CHECK_OK(edit(bucket));
  store::Batch batch;
  services::save(batch, bucket_key(json::string_or(bucket, "Name")), bucket);
  CHECK_OK(commit(state, batch));
  remember_access(state, bucket);
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

ApiResult<json::Value> erase(State& state, const Call& call, const Setting& setting) {
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket.erase(setting.stored);
    if (setting.stored == kEncryption.stored) bucket.erase("DefaultEncryption");
    return {};
  });
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
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    const auto arn = "arn:aws:s3:::" + json::string_or(bucket, "Name");
    for (const auto& resource : (*parsed)->resources()) {
      if (!resource.starts_with(arn) && resource.find('*') == std::string::npos) {
        return malformed("Policy has invalid resource");
      }
    }
    if (blocks(bucket, "BlockPublicPolicy") && policy::grants_public_access(document)) {
      return aws::fail(
          "AccessDenied",
          fmt::format("User: {} is not authorized to perform: s3:PutBucketPolicy on resource: "
                      "\"{}\" because public policies are prevented by the BlockPublicPolicy "
                      "setting in S3 Block Public Access.",
                      call.identity.arn, arn),
          403);
    }
    bucket[kPolicy.stored] = document;
    return {};
  });
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
  add("PutBucketTagging", put_tagging);
}

}  // namespace dew::s3
