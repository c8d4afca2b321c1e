// AWS::S3::Bucket, AWS::S3::BucketPolicy
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html
#include "services/cloudformation/resources/common.h"
#include "services/cloudformation/resources/s3_rules.h"

namespace dew::cloudformation {

namespace {

constexpr std::string_view kBucket =
    "BucketName~ string  AccessControl string  " DEW_TAGS
    "BucketEncryption { ServerSideEncryptionConfiguration! [ { BucketKeyEnabled bool "
    "  BlockedEncryptionTypes unsupported "
    "  ServerSideEncryptionByDefault { SSEAlgorithm! string KMSMasterKeyID string } } ] } "
    "PublicAccessBlockConfiguration { BlockPublicAcls bool BlockPublicPolicy bool IgnorePublicAcls "
    "bool "
    "  RestrictPublicBuckets bool } "
    "VersioningConfiguration { Status! string } "
    "OwnershipControls { Rules! [ { ObjectOwnership! string } ] } "
    "AccelerateConfiguration unsupported AnalyticsConfigurations unsupported "
    "IntelligentTieringConfigurations unsupported InventoryConfigurations unsupported "
    "LoggingConfiguration unsupported MetricsConfigurations "
    "unsupported "
    "NotificationConfiguration unsupported ObjectLockConfiguration unsupported ObjectLockEnabled "
    "unsupported "
    "ReplicationConfiguration unsupported WebsiteConfiguration unsupported "
    "MetadataTableConfiguration unsupported "
    "MetadataConfiguration unsupported AbacStatus unsupported";

std::string_view bucket_schema() {
  static const std::string kWhole = fmt::format("{} {}", kBucket, kBucketRules);
  return kWhole;
}

// "PublicRead" -> "public-read"
std::string acl(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z' && !out.empty()) out += '-';
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

ApiResult<void> apply_rules(const Session& session, const std::string& bucket,
                            const json::Object& before, const json::Object& now) {
  const auto has = [&](const char* name) { return now.contains(name); };
  if (differs(before, now, "CorsConfiguration")) {
    if (has("CorsConfiguration")) {
      CHECK_OK(session.call(
          "s3", "PutBucketCors",
          {{"Bucket", bucket},
           {"CORSConfiguration", cors_input(now.at("CorsConfiguration").as_object())}}));
    } else {
      CHECK_OK(session.call("s3", "DeleteBucketCors", {{"Bucket", bucket}}));
    }
  }
  if (differs(before, now, "LifecycleConfiguration")) {
    if (has("LifecycleConfiguration")) {
      TRY(auto rules, lifecycle_input(now.at("LifecycleConfiguration").as_object()));
      CHECK_OK(session.call("s3", "PutBucketLifecycleConfiguration",
                            {{"Bucket", bucket}, {"LifecycleConfiguration", std::move(rules)}}));
    } else {
      CHECK_OK(session.call("s3", "DeleteBucketLifecycle", {{"Bucket", bucket}}));
    }
  }
  return {};
}

ApiResult<void> apply_settings(const Session& session, const std::string& bucket,
                               const json::Object& before, const json::Object& now) {
  const auto has = [&](const char* name) { return now.contains(name); };
  if (differs(before, now, "BucketEncryption")) {
    if (has("BucketEncryption")) {
      json::Array rules;
      for (const auto& rule :
           now.at("BucketEncryption").at("ServerSideEncryptionConfiguration").as_array()) {
        json::Object out;
        copy(out, rule.as_object(),
             {"BucketKeyEnabled",
              {"ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"}});
        rules.emplace_back(std::move(out));
      }
      CHECK_OK(session.call(
          "s3", "PutBucketEncryption",
          {{"Bucket", bucket},
           {"ServerSideEncryptionConfiguration", json::Object{{"Rules", std::move(rules)}}}}));
    } else {
      CHECK_OK(session.call("s3", "DeleteBucketEncryption", {{"Bucket", bucket}}));
    }
  }
  const auto document = [&](const char* property, const char* put, const char* remove,
                            const char* member) -> ApiResult<void> {
    if (!differs(before, now, property)) return {};
    if (has(property)) {
      CHECK_OK(session.call("s3", put, {{"Bucket", bucket}, {member, now.at(property)}}));
    } else {
      CHECK_OK(session.call("s3", remove, {{"Bucket", bucket}}));
    }
    return {};
  };
  CHECK_OK(document("PublicAccessBlockConfiguration", "PutPublicAccessBlock",
                    "DeletePublicAccessBlock", "PublicAccessBlockConfiguration"));
  CHECK_OK(document("OwnershipControls", "PutBucketOwnershipControls",
                    "DeleteBucketOwnershipControls", "OwnershipControls"));
  if (differs(before, now, "AccessControl") && has("AccessControl")) {
    CHECK_OK(session.call("s3", "PutBucketAcl",
                          {{"Bucket", bucket}, {"ACL", acl(text(now, "AccessControl"))}}));
  }
  CHECK_OK(apply_rules(session, bucket, before, now));
  if (differs(before, now, "VersioningConfiguration")) {
    const auto status = has("VersioningConfiguration")
                            ? json::str(now.at("VersioningConfiguration").at("Status"))
                            : "Suspended";
    CHECK_OK(session.call(
        "s3", "PutBucketVersioning",
        {{"Bucket", bucket}, {"VersioningConfiguration", json::Object{{"Status", status}}}}));
  }
  if (differs(before, now, "Tags")) {
    if (has("Tags")) {
      CHECK_OK(session.call(
          "s3", "PutBucketTagging",
          {{"Bucket", bucket}, {"Tagging", json::Object{{"TagSet", now.at("Tags")}}}}));
    } else {
      CHECK_OK(session.call("s3", "DeleteBucketTagging", {{"Bucket", bucket}}));
    }
  }
  return {};
}

Instance bucket_instance(const Session& session, const std::string& name,
                         const json::Object& properties) {
  return {
      name,
      properties,
      {{"Arn", "arn:aws:s3:::" + name},
       {"DomainName", name + ".s3.amazonaws.com"},
       {"DualStackDomainName",
        fmt::format("{}.s3.dualstack.{}.amazonaws.com", name, session.region)},
       {"RegionalDomainName", fmt::format("{}.s3.{}.amazonaws.com", name, session.region)},
       {"WebsiteURL", fmt::format("http://{}.s3-website-{}.amazonaws.com", name, session.region)}}};
}

ApiResult<Instance> create_bucket(const Session& session, const Desired& desired) {
  json::Object input{{"Bucket", desired.name}};
  if (session.region != "us-east-1") {
    input["CreateBucketConfiguration"] = json::Object{{"LocationConstraint", session.region}};
  }
  // The list goes with the bucket: one that is there already may take none.
  json::Object set;
  if (const auto* list = json::find(desired.properties, "AccessControl")) {
    input["ACL"] = acl(text(desired.properties, "AccessControl"));
    set["AccessControl"] = *list;
  }
  if (const auto* controls = json::object_at(desired.properties, "OwnershipControls")) {
    input["ObjectOwnership"] =
        text(controls->at("Rules").as_array()[0].as_object(), "ObjectOwnership");
  }
  CHECK_OK(session.call("s3", "CreateBucket", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply_settings(session, desired.name, set, desired.properties));
  return bucket_instance(session, desired.name, desired.properties);
}

ApiResult<Instance> update_bucket(const Session& session, const Instance& current,
                                  const Desired& desired) {
  CHECK_OK(apply_settings(session, current.id, current.properties, desired.properties));
  return bucket_instance(session, current.id, desired.properties);
}

ApiResult<bool> has_policy(const Session& session, const Desired& desired) {
  return session.exists("s3", "GetBucketPolicy", {{"Bucket", text(desired.properties, "Bucket")}});
}

ApiResult<Instance> put_policy(const Session& session, const Desired& desired) {
  const auto bucket = text(desired.properties, "Bucket");
  CHECK_OK(session.call(
      "s3", "PutBucketPolicy",
      {{"Bucket", bucket}, {"Policy", json::dump(desired.properties.at("PolicyDocument"))}}));
  return Instance{bucket, desired.properties, {}};
}

// A bucket has one policy: what somebody else has put there is not taken over.
ApiResult<Instance> create_policy(const Session& session, const Desired& desired) {
  TRY(const bool there, has_policy(session, desired));
  if (there) {
    return aws::fail("AlreadyExists", fmt::format("The bucket policy already exists on bucket {}.",
                                                  text(desired.properties, "Bucket")));
  }
  return put_policy(session, desired);
}

}  // namespace

void add_s3_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::S3::Bucket",
      .schema = bucket_schema(),
      .attributes = {"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName",
                     "WebsiteURL"},
      .naming = Naming{"BucketName", 63, true},
      .create = create_bucket,
      .update = update_bucket,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("s3", "DeleteBucket", {{"Bucket", it.id}});
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return session.exists("s3", "HeadBucket", {{"Bucket", desired.name}});
          },
  });
  types.push_back({
      .name = "AWS::S3::BucketPolicy",
      .schema = "Bucket!~ string  PolicyDocument! json",
      .create = create_policy,
      .update = [](const Session& session, const Instance&,
                   const Desired& desired) { return put_policy(session, desired); },
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("s3", "DeleteBucketPolicy",
                                        {{"Bucket", text(it.properties, "Bucket")}});
          },
      .list = [](const Session& session,
                 const Desired& desired) -> ApiResult<std::vector<std::string>> {
        TRY(const bool there, has_policy(session, desired));
        return there ? std::vector{text(desired.properties, "Bucket")} : std::vector<std::string>{};
      },
  });
}

}  // namespace dew::cloudformation
