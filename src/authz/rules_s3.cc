// docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
// docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
#include <algorithm>

#include "authz/rule.h"
#include "base/encoding.h"
#include "policy/pattern.h"

namespace dew::authz {

namespace {

void bucket(const Scope& scope, Check& check) {
  check.resource.append("arn:aws:s3:::").append(scope.text("Bucket"));
  check.policy = ResourcePolicyKind::kBucket;
}

void object(const Scope& scope, Check& check) {
  bucket(scope, check);
  check.resource.append("/").append(scope.text("Key"));
  check.version = scope.text("VersionId");
}

void every_bucket(const Scope&, Check& check) {
  check.resource = "arn:aws:s3:::*";
  check.nameless = true;
}

std::string_view header(const Scope& scope, std::string_view name) {
  return scope.call.http ? scope.call.http->headers.get(name) : std::string_view();
}

// The tags that an object is put with: s3:RequestObjectTag/KEY and s3:RequestObjectTagKeys.
bool object_tags(const Scope& scope, const Check& check, std::string_view key,
                 policy::Values& out) {
  if (!check.action.starts_with("s3:PutObject")) return false;
  std::vector<std::pair<std::string, std::string>> tags;
  if (const auto* tagging = json::object_at(scope.input(), "Tagging")) {
    if (const auto* set = json::array_at(*tagging, "TagSet")) {
      for (const auto& tag : *set) {
        if (!tag.is_object()) continue;
        tags.emplace_back(json::string_or(tag.as_object(), "Key"),
                          json::string_or(tag.as_object(), "Value"));
      }
    }
  }
  auto header = scope.text("Tagging");
  while (!header.empty()) {
    const auto pair = header.substr(0, header.find('&'));
    header.remove_prefix(std::min(header.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    auto name = url_decode(pair.substr(0, equals), Plus::kSpace);
    auto value = url_decode(equals == pair.npos ? "" : pair.substr(equals + 1), Plus::kSpace);
    if (name && value) tags.emplace_back(*std::move(name), *std::move(value));
  }
  constexpr std::string_view kOne = "s3:requestobjecttag/";
  for (auto& [name, value] : tags) {
    if (key == "s3:requestobjecttagkeys") {
      out.push_back(name);
    } else if (key.starts_with(kOne) && policy::lower(name) == key.substr(kOne.size())) {
      out.push_back(value);
    }
  }
  return !out.empty();
}

bool keys(const Scope& scope, const Check& check, std::string_view key, policy::Values& out) {
  const auto member = [&](std::string_view name) {
    const auto text = json::string_at(scope.input(), name);
    if (text) out.emplace_back(*text);
    return text.has_value();
  };
  // A policy that asks for the prefix of a listing without one sees the empty prefix.
  const bool listing = scope.operation.starts_with("List");
  if (key == "s3:prefix") {
    if (!listing) return false;
    out.emplace_back(scope.text("Prefix"));
    return true;
  }
  if (key == "s3:delimiter") return listing && member("Delimiter");
  if (key == "s3:max-keys") {
    const auto most = json::int_at(scope.input(), "MaxKeys");
    if (!listing || !most) return false;
    out.push_back(std::to_string(*most));
    return true;
  }
  if (key == "s3:versionid") return member("VersionId");
  if (key == "s3:x-amz-acl") return member("ACL");
  if (key == "s3:x-amz-copy-source") return member("CopySource");
  if (key == "s3:x-amz-metadata-directive") return member("MetadataDirective");
  if (key == "s3:x-amz-server-side-encryption") return member("ServerSideEncryption");
  if (key == "s3:x-amz-storage-class") return member("StorageClass");
  if (key == "s3:locationconstraint") {
    const auto* wanted = json::object_at(scope.input(), "CreateBucketConfiguration");
    const auto where = wanted ? json::string_or(*wanted, "LocationConstraint") : "";
    if (where.empty()) return false;
    out.push_back(where);
    return true;
  }
  if (key.starts_with("s3:requestobjecttag")) return object_tags(scope, check, key, out);
  if (key == "s3:x-amz-content-sha256") {
    const auto hash = header(scope, "x-amz-content-sha256");
    if (hash.empty()) return false;
    out.emplace_back(hash);
    return true;
  }
  if (key == "s3:authtype" || key == "s3:signatureversion") {
    if (scope.call.http == nullptr || scope.call.identity.access_key.empty()) return false;
    const auto text = scope.call.http->query();
    const bool query_v2 = text.find("AWSAccessKeyId=") != text.npos;
    const bool query = query_v2 || text.find("X-Amz-Signature=") != text.npos;
    // What is signed in neither place is what a form stands for (aws/post_object.h).
    const bool form = !query && header(scope, "authorization").empty();
    const bool v2 = query_v2 || (form && header(scope, "x-amz-algorithm").empty());
    out.emplace_back(key == "s3:signatureversion" ? v2 ? "AWS" : "AWS4-HMAC-SHA256"
                     : query                      ? "REST-QUERY-STRING"
                     : form                       ? "POST"
                                                  : "REST-HEADER");
    return true;
  }
  return false;
}

// An object by its version needs another action.
void get_object(const Scope& scope, Checks& checks) {
  object(scope, checks.add(scope.text("VersionId").empty() ? "s3:GetObject" : "s3:GetObjectVersion",
                           keys));
}

void delete_object(const Scope& scope, Checks& checks) {
  object(scope,
         checks.add(scope.text("VersionId").empty() ? "s3:DeleteObject" : "s3:DeleteObjectVersion",
                    keys));
}

void tags(const Scope& scope, Checks& checks, const char* newest, const char* version) {
  object(scope, checks.add(scope.text("VersionId").empty() ? newest : version, keys));
}
void get_tags(const Scope& scope, Checks& checks) {
  tags(scope, checks, "s3:GetObjectTagging", "s3:GetObjectVersionTagging");
}
void put_tags(const Scope& scope, Checks& checks) {
  tags(scope, checks, "s3:PutObjectTagging", "s3:PutObjectVersionTagging");
}
void delete_tags(const Scope& scope, Checks& checks) {
  tags(scope, checks, "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging");
}

void get_attributes(const Scope& scope, Checks& checks) {
  get_object(scope, checks);
  tags(scope, checks, "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes");
}

void extras(const Scope& scope, Checks& checks) {
  if (!scope.text("Tagging").empty()) object(scope, checks.add("s3:PutObjectTagging", keys));
  if (!scope.text("ACL").empty()) object(scope, checks.add("s3:PutObjectAcl", keys));
}

// The source of a copy: "bucket/key", "/bucket/key", percent-encoded, perhaps with ?versionId=.
void source(const Scope& scope, Checks& checks) {
  auto text = scope.text("CopySource");
  std::string_view version;
  if (const auto at = text.find("?versionId="); at != text.npos) {
    version = text.substr(at + std::string_view("?versionId=").size());
    text = text.substr(0, at);
  }
  const auto decoded = url_decode(text);
  if (!decoded) return;
  const std::string_view path = *decoded;
  auto& check = checks.add(version.empty() ? "s3:GetObject" : "s3:GetObjectVersion", keys);
  check.version = version;
  check.resource.append("arn:aws:s3:::").append(path.starts_with('/') ? path.substr(1) : path);
  check.policy = ResourcePolicyKind::kBucket;
}

void copy(const Scope& scope, Checks& checks) {
  source(scope, checks);
  extras(scope, checks);
}

}  // namespace

std::vector<Rule> s3_rules() {
  return {
      {"AbortMultipartUpload", "s3:AbortMultipartUpload", object, keys},
      {"CompleteMultipartUpload", "s3:PutObject", object, keys},
      {"CopyObject", "s3:PutObject", object, keys, copy},
      {"CreateBucket", "s3:CreateBucket", bucket, keys},
      {"CreateMultipartUpload", "s3:PutObject", object, keys, extras},
      {"DeleteBucket", "s3:DeleteBucket", bucket, keys},
      {"DeleteBucketCors", "s3:PutBucketCORS", bucket, keys},
      {"DeleteBucketEncryption", "s3:PutEncryptionConfiguration", bucket, keys},
      {"DeleteBucketLifecycle", "s3:PutLifecycleConfiguration", bucket, keys},
      {"DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls", bucket, keys},
      {"DeleteBucketPolicy", "s3:DeleteBucketPolicy", bucket, keys},
      {"DeleteBucketTagging", "s3:PutBucketTagging", bucket, keys},
      {"DeleteBucketWebsite", "s3:DeleteBucketWebsite", bucket, keys},
      {"DeleteObject", "", nullptr, nullptr, delete_object},
      {"DeleteObjectTagging", "", nullptr, nullptr, delete_tags},
      // Asks for each of its keys on the way.
      {"DeleteObjects", ""},
      {"DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock", bucket, keys},
      {"GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration", bucket, keys},
      {"GetBucketAcl", "s3:GetBucketAcl", bucket, keys},
      {"GetBucketCors", "s3:GetBucketCORS", bucket, keys},
      {"GetBucketEncryption", "s3:GetEncryptionConfiguration", bucket, keys},
      {"GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration", bucket, keys},
      {"GetBucketLocation", "s3:GetBucketLocation", bucket, keys},
      {"GetBucketLogging", "s3:GetBucketLogging", bucket, keys},
      {"GetBucketNotificationConfiguration", "s3:GetBucketNotification", bucket, keys},
      {"GetBucketOwnershipControls", "s3:GetBucketOwnershipControls", bucket, keys},
      {"GetBucketPolicy", "s3:GetBucketPolicy", bucket, keys},
      {"GetBucketPolicyStatus", "s3:GetBucketPolicyStatus", bucket, keys},
      {"GetBucketReplication", "s3:GetReplicationConfiguration", bucket, keys},
      {"GetBucketRequestPayment", "s3:GetBucketRequestPayment", bucket, keys},
      {"GetBucketTagging", "s3:GetBucketTagging", bucket, keys},
      {"GetBucketVersioning", "s3:GetBucketVersioning", bucket, keys},
      {"GetBucketWebsite", "s3:GetBucketWebsite", bucket, keys},
      {"GetObject", "", nullptr, nullptr, get_object},
      {"GetObjectAcl", "s3:GetObjectAcl", object, keys},
      {"GetObjectAttributes", "", nullptr, nullptr, get_attributes},
      {"GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration", bucket, keys},
      {"GetObjectTagging", "", nullptr, nullptr, get_tags},
      {"GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock", bucket, keys},
      {"HeadBucket", "s3:ListBucket", bucket, keys},
      {"HeadObject", "", nullptr, nullptr, get_object},
      {"ListBuckets", "s3:ListAllMyBuckets", every_bucket, keys},
      {"ListMultipartUploads", "s3:ListBucketMultipartUploads", bucket, keys},
      {"ListObjectVersions", "s3:ListBucketVersions", bucket, keys},
      {"ListObjects", "s3:ListBucket", bucket, keys},
      {"ListObjectsV2", "s3:ListBucket", bucket, keys},
      {"ListParts", "s3:ListMultipartUploadParts", object, keys},
      {"PutBucketAcl", "s3:PutBucketAcl", bucket, keys},
      {"PutBucketCors", "s3:PutBucketCORS", bucket, keys},
      {"PutBucketEncryption", "s3:PutEncryptionConfiguration", bucket, keys},
      {"PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration", bucket, keys},
      {"PutBucketOwnershipControls", "s3:PutBucketOwnershipControls", bucket, keys},
      {"PutBucketPolicy", "s3:PutBucketPolicy", bucket, keys},
      {"PutBucketTagging", "s3:PutBucketTagging", bucket, keys},
      {"PutBucketVersioning", "s3:PutBucketVersioning", bucket, keys},
      {"PutBucketWebsite", "s3:PutBucketWebsite", bucket, keys},
      {"PutObject", "s3:PutObject", object, keys, extras},
      {"PutObjectAcl", "s3:PutObjectAcl", object, keys},
      {"PutObjectTagging", "", nullptr, nullptr, put_tags},
      {"PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock", bucket, keys},
      {"UploadPart", "s3:PutObject", object, keys},
      {"UploadPartCopy", "s3:PutObject", object, keys, source},
  };
}

}  // namespace dew::authz
