#include "services/s3/access.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "policy/public_access.h"
#include "services/s3/settings.h"
#include "services/s3/versions.h"

namespace dew::s3 {

namespace {

constexpr std::array<std::string_view, 4> kFlags = {"BlockPublicAcls", "IgnorePublicAcls",
                                                    "BlockPublicPolicy", "RestrictPublicBuckets"};
constexpr std::array<std::string_view, 5> kGrants = {"GrantFullControl", "GrantRead",
                                                     "GrantReadACP", "GrantWrite", "GrantWriteACP"};
constexpr std::array<std::string_view, 3> kPublicLists = {"public-read", "public-read-write",
                                                          "authenticated-read"};
constexpr std::string_view kEnforced = "BucketOwnerEnforced";

// Buckets made before there was a default write as their objects' writers say.
std::string ownership(const json::Object& bucket) {
  const auto* controls = json::object_at(bucket, "OwnershipControls");
  const auto* rules = controls == nullptr ? nullptr : json::array_at(*controls, "Rules");
  if (rules == nullptr || rules->empty()) return "ObjectWriter";
  return json::string_or((*rules)[0].as_object(), "ObjectOwnership");
}

// The first of the headers that grant somebody something.
std::string_view grant(const json::Object& input) {
  const auto* found =
      std::ranges::find_if(kGrants, [&](std::string_view name) { return input.contains(name); });
  return found == kGrants.end() ? std::string_view() : *found;
}

bool is_public_list(std::string_view acl) {
  return std::ranges::find(kPublicLists, acl) != kPublicLists.end();
}

ApiResult<void> refuse_foreign(const json::Object& input) {
  if (const auto name = grant(input); !name.empty())
    return aws::fail(aws::ApiError::unsupported(fmt::format("{} (use a bucket policy)", name)));
  const auto acl = json::string_or(input, "ACL", "private");
  if (acl == "private" || acl == "bucket-owner-full-control" || acl == "bucket-owner-read")
    return {};
  return aws::fail(
      aws::ApiError::unsupported("the access control list '" + acl + "' (use a bucket policy)"));
}

policy::PolicyPtr compile(const json::Object& bucket, std::string_view text) {
  auto policy = policy::Policy::parse(text, policy::Kind::kResource);
  if (!policy) {
    log::error("s3: the policy of bucket {} cannot be read: {}", json::string_or(bucket, "Name"),
               policy.error().message);
    // It may have been there to keep somebody out.
    policy = policy::Policy::parse(
        R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}})",
        policy::Kind::kResource);
  }
  return *std::move(policy);
}

ApiResult<json::Value> put_public_access(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "PublicAccessBlockConfiguration");
  json::Object stored;
  for (const auto flag : kFlags)
    stored[flag] = wanted != nullptr && json::bool_at(*wanted, flag).value_or(false);
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket["PublicAccessBlock"] = std::move(stored);
    return {};
  });
}

ApiResult<json::Value> put_ownership(State& state, Call& call) {
  const auto malformed = [] {
    return aws::fail("MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our "
                     "published schema");
  };
  const auto* wanted = json::object_at(call.input, "OwnershipControls");
  const auto* rules = wanted == nullptr ? nullptr : json::array_at(*wanted, "Rules");
  if (rules == nullptr || rules->size() != 1) return malformed();
  const auto kind = json::string_or((*rules)[0].as_object(), "ObjectOwnership");
  if (kind != kEnforced && kind != "BucketOwnerPreferred" && kind != "ObjectWriter")
    return malformed();
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket["OwnershipControls"] = *wanted;
    return {};
  });
}

ApiResult<json::Value> get_policy_status(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  const auto policy = json::string_at(bucket, "Policy");
  if (!policy) {
    aws::ApiError error("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
    error.members["BucketName"] = json::string_or(bucket, "Name");
    return aws::fail(std::move(error));
  }
  return json::Object{
      {"PolicyStatus", json::Object{{"IsPublic", policy::grants_public_access(*policy)}}}};
}

// A list in the body says what get_bucket_acl() says, or it is not honoured.
ApiResult<json::Value> put_bucket_acl(State& state, Call& call) {
  TRY(const auto bucket, load_bucket(state, call.input));
  if (call.input.contains("AccessControlPolicy")) {
    if (ownership(bucket) == kEnforced)
      return aws::fail("AccessControlListNotSupported", "The bucket does not allow ACLs");
    return aws::fail(aws::ApiError::unsupported("access control lists (use a bucket policy)"));
  }
  CHECK_OK(check_acl(bucket, call.input));
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

}  // namespace

void set_default_access(json::Object& bucket) {
  json::Object flags;
  for (const auto flag : kFlags) flags[flag] = true;
  bucket["PublicAccessBlock"] = std::move(flags);
  bucket["OwnershipControls"] =
      json::Object{{"Rules", json::Array{json::Object{{"ObjectOwnership", kEnforced}}}}};
}

bool blocks(const json::Object& bucket, std::string_view flag) {
  const auto* flags = json::object_at(bucket, "PublicAccessBlock");
  return flags != nullptr && json::bool_at(*flags, flag).value_or(false);
}

ApiResult<void> check_acl(const json::Object& bucket, const json::Object& input) {
  const auto acl = json::string_at(input, "ACL");
  const bool grants = !grant(input).empty();
  if (!acl && !grants) return {};
  // docs.aws.amazon.com/AmazonS3/latest/userguide/ensure-object-ownership.html
  if (ownership(bucket) == kEnforced) {
    if (acl == "bucket-owner-full-control" && !grants) return {};
    return aws::fail("AccessControlListNotSupported", "The bucket does not allow ACLs");
  }
  if (acl && is_public_list(*acl) && blocks(bucket, "BlockPublicAcls"))
    return aws::fail("AccessDenied", "Access Denied", 403);
  return refuse_foreign(input);
}

ApiResult<void> check_new_acl(const json::Object& bucket, const json::Object& input) {
  const auto acl = json::string_or(input, "ACL", "private");
  const bool grants = !grant(input).empty();
  if (ownership(bucket) == kEnforced) {
    if (acl == "private" && !grants) return {};
    return aws::fail("InvalidBucketAclWithObjectOwnership",
                     "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced "
                     "setting");
  }
  if (is_public_list(acl)) {
    return aws::fail("InvalidBucketAclWithBlockPublicAccessError",
                     "Bucket cannot have public ACLs set with BlockPublicAccess enabled");
  }
  return refuse_foreign(input);
}

void remember_access(State& state, const json::Object& bucket) {
  const auto name = json::string_or(bucket, "Name");
  const auto text = json::string_at(bucket, "Policy");
  const auto* cors = json::array_at(bucket, "Cors");
  if (!text && cors == nullptr) return forget_access(state, name);
  BucketAccess access;
  if (text) {
    access.policy = compile(bucket, *text);
    access.restricted =
        blocks(bucket, "RestrictPublicBuckets") && policy::grants_public_access(*text);
  }
  if (cors != nullptr) access.cors = std::make_shared<const CorsRules>(parse_cors_rules(*cors));
  state.access.with([&](auto& all) { all.insert_or_assign(name, std::move(access)); });
}

void forget_access(State& state, std::string_view bucket) {
  state.access.with([&](auto& all) {
    if (const auto it = all.find(bucket); it != all.end()) all.erase(it);
  });
}

void load_access(State& state) {
  const auto loaded = services::scan(state.context.store, store::Key("s3").add("bucket"), {},
                                     [&](std::string_view, const json::Object& bucket) {
                                       remember_access(state, bucket);
                                       return true;
                                     });
  if (!loaded) log::error("s3: cannot read the buckets: {}", loaded.error().message);
}

void add_access_operations(const Add& add) {
  add("PutPublicAccessBlock", put_public_access);
  add("PutBucketOwnershipControls", put_ownership);
  add("GetBucketPolicyStatus", get_policy_status);
  add("PutBucketAcl", put_bucket_acl);
  add("GetBucketAcl", get_bucket_acl);
  add("GetObjectAcl", get_object_acl);
}

}  // namespace dew::s3
