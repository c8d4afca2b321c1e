#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/s3/checksum.h"
#include "services/s3/testing.h"

namespace dew::s3 {
namespace {

namespace fs = std::filesystem;

struct WithBucket : ::testing::Test {
  WithBucket() { s3.ok("s3", "CreateBucket", {{"Bucket", "bucket"}}); }
  S3 s3;
};

TEST_F(WithBucket, KeepsObjects) {
  auto put = s3.ok("s3", "PutObject",
                   {{"Bucket", "bucket"},
                    {"Key", "a b"},
                    {"Body", "hello world"},
                    {"ContentType", "text/plain"},
                    {"Metadata", json::Object{{"k", "v"}}},
                    {"ContentEncoding", "aws-chunked,gzip"},
                    {"ChecksumAlgorithm", "CRC32"}});
  EXPECT_EQ(put["ETag"], "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"");
  EXPECT_EQ(put["ChecksumCRC32"], "DUoRhQ==");
  auto got =
      s3.ok("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "a b"}, {"ChecksumMode", "ENABLED"}});
  EXPECT_EQ(got["Body"], "hello world");
  EXPECT_EQ(got["ContentEncoding"], "gzip");
  EXPECT_EQ(got["ChecksumCRC32"], "DUoRhQ==");
  EXPECT_EQ(got["Metadata"].as_object()["k"], "v");
  EXPECT_EQ(s3.ok("s3", "GetObject",
                  {{"Bucket", "bucket"}, {"Key", "a b"}, {"Range", "bytes=-5"}})["Body"],
            "world");
  EXPECT_EQ(s3.ok("s3", "GetObject",
                  {{"Bucket", "bucket"}, {"Key", "a b"}, {"Range", "bytes=0-0"}})["ContentRange"],
            "bytes 0-0/11");
  EXPECT_EQ(
      s3.error("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "a b"}, {"Range", "bytes=11-"}}),
      "InvalidRange");
  EXPECT_EQ(s3.error("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "nope"}}), "NoSuchKey");
  EXPECT_EQ(s3.error("s3", "GetObject", {{"Bucket", "nope"}, {"Key", "nope"}}), "NoSuchBucket");
  EXPECT_EQ(
      s3.error("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "a b"}, {"IfMatch", "\"x\""}}),
      "PreconditionFailed");
  EXPECT_FALSE(
      s3.ok("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "a b"}, {"IfNoneMatch", "*"}})
          .contains("Body"));
  EXPECT_EQ(s3.error("s3", "PutObject",
                     {{"Bucket", "bucket"},
                      {"Key", "k"},
                      {"Body", "x"},
                      {"ContentMD5", base64_encode(md5("y"))}}),
            "BadDigest");
  EXPECT_EQ(
      s3.error(
          "s3", "PutObject",
          {{"Bucket", "bucket"}, {"Key", "k"}, {"Body", "x"}, {"ServerSideEncryption", "aws:kms"}}),
      "NotImplemented");
  s3.put("a b", "new");
  EXPECT_EQ(s3.files(), 1u);
  s3.ok("s3", "DeleteObject", {{"Bucket", "bucket"}, {"Key", "a b"}});
  s3.ok("s3", "DeleteObject", {{"Bucket", "bucket"}, {"Key", "a b"}});
  EXPECT_EQ(s3.files(), 0u);
}

TEST_F(WithBucket, CopiesObjects) {
  s3.put("dir/a b", "bytes");
  auto copy = s3.ok("s3", "CopyObject",
                    {{"Bucket", "bucket"}, {"Key", "copy"}, {"CopySource", "bucket/dir/a%20b"}});
  EXPECT_TRUE(copy["CopyObjectResult"].as_object().contains("ETag"));
  s3.ok("s3", "DeleteObject", {{"Bucket", "bucket"}, {"Key", "dir/a b"}});
  EXPECT_EQ(s3.ok("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "copy"}})["Body"], "bytes");
  EXPECT_EQ(s3.error("s3", "CopyObject",
                     {{"Bucket", "bucket"}, {"Key", "copy"}, {"CopySource", "/bucket/copy"}}),
            "InvalidRequest");
}

TEST_F(WithBucket, ListsByPrefixAndDelimiter) {
  for (const auto* key : {"a", "b/1", "b/2", "b/c/3", "d", "e/1"}) s3.put(key, "x");
  std::string seen;
  json::Object input{{"Bucket", "bucket"}, {"Delimiter", "/"}, {"MaxKeys", 1}};
  for (int i = 0; i < 10; ++i) {
    auto page = s3.ok("s3", "ListObjectsV2", input);
    EXPECT_EQ(page["KeyCount"], 1);
    if (auto* contents = page.if_contains("Contents"))
      seen += json::str(contents->as_array()[0].at("Key")) + " ";
    if (auto* prefixes = page.if_contains("CommonPrefixes"))
      seen += json::str(prefixes->as_array()[0].at("Prefix")) + " ";
    if (!page["IsTruncated"].as_bool()) break;
    input["ContinuationToken"] = page["NextContinuationToken"];
  }
  EXPECT_EQ(seen, "a b/ d e/ ");
  EXPECT_EQ(s3.ok("s3", "ListObjectsV2", {{"Bucket", "bucket"}, {"Prefix", "b/"}})["KeyCount"], 3);
  EXPECT_EQ(s3.ok("s3", "ListObjectsV2",
                  {{"Bucket", "bucket"}, {"Prefix", "b/"}, {"Delimiter", "/"}})["KeyCount"],
            3);
  EXPECT_EQ(s3.ok("s3", "ListObjectsV2", {{"Bucket", "bucket"}, {"StartAfter", "b/2"}})["KeyCount"],
            3);
  auto v1 = s3.ok("s3", "ListObjects", {{"Bucket", "bucket"}, {"Delimiter", "/"}, {"MaxKeys", 2}});
  EXPECT_EQ(v1["NextMarker"], "b/");
  EXPECT_EQ(s3.ok("s3", "ListObjects",
                  {{"Bucket", "bucket"}, {"Delimiter", "/"}, {"Marker", "b/"}})["Contents"]
                .as_array()
                .size(),
            1u);
  EXPECT_EQ(s3.error("s3", "DeleteBucket", {{"Bucket", "bucket"}}), "BucketNotEmpty");
}

TEST_F(WithBucket, AssemblesParts) {
  const auto create = s3.ok("s3", "CreateMultipartUpload",
                            {{"Bucket", "bucket"}, {"Key", "big"}, {"ContentType", "x/y"}});
  const auto id = json::string_or(create, "UploadId");
  const std::string five(5 * 1024 * 1024, 'a');
  const auto part = [&](int number, const std::string& body) {
    return s3.ok("s3", "UploadPart",
                 {{"Bucket", "bucket"},
                  {"Key", "big"},
                  {"UploadId", id},
                  {"PartNumber", number},
                  {"Body", body}})["ETag"];
  };
  const auto one = part(1, five);
  const auto two = part(2, "tail");
  const auto finish = [&](json::Array parts) -> json::Object {
    return {{"Bucket", "bucket"},
            {"Key", "big"},
            {"UploadId", id},
            {"MultipartUpload", json::Object{{"Parts", std::move(parts)}}}};
  };
  const json::Object p1{{"PartNumber", 1}, {"ETag", one}};
  const json::Object p2{{"PartNumber", 2}, {"ETag", two}};
  EXPECT_EQ(s3.error("s3", "CompleteMultipartUpload", finish({p2, p1})), "InvalidPartOrder");
  EXPECT_EQ(s3.error("s3", "CompleteMultipartUpload",
                     finish({json::Object{{"PartNumber", 1}, {"ETag", "no"}}})),
            "InvalidPart");
  EXPECT_EQ(
      s3.ok("s3", "ListParts", {{"Bucket", "bucket"}, {"Key", "big"}, {"UploadId", id}})["Parts"]
          .as_array()
          .size(),
      2u);
  auto done = s3.ok("s3", "CompleteMultipartUpload", finish({p1, p2}));
  EXPECT_TRUE(json::string_or(done, "ETag").ends_with("-2\""));
  auto got = s3.ok("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "big"}});
  EXPECT_EQ(json::str(got["Body"]), five + "tail");
  EXPECT_EQ(got["ContentType"], "x/y");
  EXPECT_EQ(s3.files(), 1u);
  EXPECT_EQ(s3.error("s3", "AbortMultipartUpload",
                     {{"Bucket", "bucket"}, {"Key", "big"}, {"UploadId", id}}),
            "NoSuchUpload");
}

// Puts, deletes and restarts at random, against a list of what must be there.
TEST_F(WithBucket, VersionsAgreeWithAModel) {
  struct Version {
    std::string id;
    std::string body;  // empty: a delete marker
  };
  std::vector<Version> model;  // newest first
  std::string status;
  uint32_t random = 7;
  const auto next = [&](uint32_t n) {
    random = random * 1664525 + 1013904223;
    return random / 65536 % n;
  };
  const auto drop_null = [&] {
    std::erase_if(model, [](const Version& version) { return version.id == "null"; });
  };
  for (int step = 0; step < 400; ++step) {
    const auto kind = next(10);
    if (kind < 4) {
      const auto body = "body " + std::to_string(step);
      const auto put =
          s3.ok("s3", "PutObject", {{"Bucket", "bucket"}, {"Key", "k"}, {"Body", body}});
      if (status != "Enabled") drop_null();
      model.insert(model.begin(), {json::string_or(put, "VersionId", "null"), body});
    } else if (kind < 6) {
      const auto gone = s3.ok("s3", "DeleteObject", {{"Bucket", "bucket"}, {"Key", "k"}});
      if (status != "Enabled") drop_null();
      if (!status.empty()) model.insert(model.begin(), {json::string_or(gone, "VersionId"), ""});
    } else if (kind < 9 && !model.empty()) {
      const auto at = next(static_cast<uint32_t>(model.size()));
      s3.ok("s3", "DeleteObject",
            {{"Bucket", "bucket"}, {"Key", "k"}, {"VersionId", model[at].id}});
      model.erase(model.begin() + static_cast<ptrdiff_t>(at));
    } else if (step > 50) {
      status = next(2) == 0 ? "Enabled" : "Suspended";
      s3.ok("s3", "PutBucketVersioning",
            {{"Bucket", "bucket"}, {"VersioningConfiguration", json::Object{{"Status", status}}}});
    }
    auto listed = s3.ok("s3", "ListObjectVersions", {{"Bucket", "bucket"}});
    const size_t versions = listed.contains("Versions") ? listed["Versions"].as_array().size() : 0;
    const size_t markers =
        listed.contains("DeleteMarkers") ? listed["DeleteMarkers"].as_array().size() : 0;
    ASSERT_EQ(versions + markers, model.size()) << step;
    size_t bodies = 0;
    for (const auto& version : model) {
      bodies += version.body.empty() ? 0 : 1;
      const json::Object input{{"Bucket", "bucket"}, {"Key", "k"}, {"VersionId", version.id}};
      if (version.body.empty()) {
        ASSERT_EQ(s3.error("s3", "GetObject", input), "MethodNotAllowed") << step;
      } else {
        ASSERT_EQ(json::string_or(s3.ok("s3", "GetObject", input), "Body"), version.body) << step;
      }
    }
    const json::Object newest{{"Bucket", "bucket"}, {"Key", "k"}};
    if (model.empty() || model[0].body.empty()) {
      ASSERT_EQ(s3.error("s3", "GetObject", newest), "NoSuchKey") << step;
    } else {
      ASSERT_EQ(json::string_or(s3.ok("s3", "GetObject", newest), "Body"), model[0].body) << step;
    }
    ASSERT_EQ(s3.files(), bodies) << step;
  }
}

TEST_F(WithBucket, KeepsSettings) {
  EXPECT_EQ(s3.error("s3", "GetBucketPolicy", {{"Bucket", "bucket"}}), "NoSuchBucketPolicy");
  EXPECT_EQ(s3.error("s3", "PutBucketPolicy", {{"Bucket", "bucket"}, {"Policy", "{"}}),
            "MalformedPolicy");
  EXPECT_EQ(
      s3.message(
          "s3", "PutBucketPolicy",
          {{"Bucket", "bucket"},
           {"Policy",
            R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/x"}]})"}}),
      "Policy has invalid resource");
  const json::Object open{
      {"Bucket", "bucket"},
      {"Policy",
       R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/x"}]})"}};
  EXPECT_EQ(s3.error("s3", "PutBucketPolicy", open), "AccessDenied");
  s3.ok("s3", "DeletePublicAccessBlock", {{"Bucket", "bucket"}});
  s3.ok("s3", "PutBucketPolicy", open);
  EXPECT_TRUE(s3.ok("s3", "GetBucketPolicyStatus", {{"Bucket", "bucket"}})["PolicyStatus"]
                  .as_object()["IsPublic"]
                  .as_bool());
  EXPECT_FALSE(s3.service->restricts_public_access("bucket"));
  EXPECT_EQ(s3.error("s3", "PutBucketVersioning",
                     {{"Bucket", "bucket"},
                      {"VersioningConfiguration", json::Object{{"Status", "Maybe"}}}}),
            "MalformedXML");
  s3.ok("s3", "PutPublicAccessBlock",
        {{"Bucket", "bucket"},
         {"PublicAccessBlockConfiguration", json::Object{{"BlockPublicAcls", true}}}});
  EXPECT_EQ(
      s3.ok("s3", "GetPublicAccessBlock", {{"Bucket", "bucket"}})["PublicAccessBlockConfiguration"]
          .as_object()["IgnorePublicAcls"],
      false);
  s3.ok("s3", "PutPublicAccessBlock",
        {{"Bucket", "bucket"},
         {"PublicAccessBlockConfiguration", json::Object{{"RestrictPublicBuckets", true}}}});
  EXPECT_TRUE(s3.service->restricts_public_access("bucket"));
  {
    S3 again(s3.store, s3.config.data_directory);
    EXPECT_TRUE(again.service->restricts_public_access("bucket"));
  }
  s3.ok("s3", "DeleteBucketPolicy", {{"Bucket", "bucket"}});
  EXPECT_EQ(s3.error("s3", "GetBucketPolicyStatus", {{"Bucket", "bucket"}}), "NoSuchBucketPolicy");
  EXPECT_FALSE(s3.service->restricts_public_access("bucket"));
  s3.ok("s3", "DeleteBucket", {{"Bucket", "bucket"}});
  EXPECT_EQ(s3.error("s3", "CreateBucket", {{"Bucket", "No"}}), "InvalidBucketName");
  EXPECT_EQ(s3.error("s3", "CreateBucket", {{"Bucket", "127.0.0.1"}}), "InvalidBucketName");
}

TEST_F(WithBucket, TakesListsAsOwnershipSays) {
  const auto put = [&](const char* acl) {
    return s3.error("s3", "PutObject", {{"Bucket", "bucket"}, {"Key", "k"}, {"ACL", acl}});
  };
  const auto bucket_acl = [&](const char* acl) {
    return s3.error("s3", "PutBucketAcl", {{"Bucket", "bucket"}, {"ACL", acl}});
  };
  const auto create = [&](const char* acl, const char* ownership) {
    return s3.error("s3", "CreateBucket",
                    {{"Bucket", "listed"}, {"ACL", acl}, {"ObjectOwnership", ownership}});
  };
  EXPECT_EQ(put("bucket-owner-full-control"), "");
  EXPECT_EQ(put("private"), "AccessControlListNotSupported");
  EXPECT_EQ(put("public-read"), "AccessControlListNotSupported");
  EXPECT_EQ(bucket_acl("private"), "AccessControlListNotSupported");
  EXPECT_EQ(create("public-read", "BucketOwnerEnforced"), "InvalidBucketAclWithObjectOwnership");
  EXPECT_EQ(create("public-read", "ObjectWriter"), "InvalidBucketAclWithBlockPublicAccessError");
  EXPECT_EQ(create("private", "BucketOwnerEnforced"), "");
  s3.ok(
      "s3", "PutBucketOwnershipControls",
      {{"Bucket", "bucket"},
       {"OwnershipControls",
        json::Object{{"Rules", json::Array{json::Object{{"ObjectOwnership", "ObjectWriter"}}}}}}});
  EXPECT_EQ(put("private"), "");
  EXPECT_EQ(bucket_acl("private"), "");
  EXPECT_EQ(put("public-read"), "AccessDenied");
  s3.ok("s3", "DeletePublicAccessBlock", {{"Bucket", "bucket"}});
  EXPECT_EQ(put("public-read"), "NotImplemented");
}

TEST_F(WithBucket, SweepsOrphansAtStart) {
  s3.put("k", "kept");
  const auto& data = s3.config.data_directory;
  fs::create_directories(data + "/s3/data/ab");
  std::ofstream(data + "/s3/data/ab/" + std::string("ab") + random_hex(30)) << "orphan";
  std::ofstream(data + "/s3/tmp/half") << "half";
  EXPECT_EQ(s3.files(), 3u);
  S3 again(s3.store, data);
  EXPECT_EQ(again.files(), 1u);
  EXPECT_EQ(again.ok("s3", "GetObject", {{"Bucket", "bucket"}, {"Key", "k"}})["Body"], "kept");
}

TEST(Checksums, AreThoseOfTheStandards) {
  EXPECT_EQ(checksum("CRC32", "123456789"), "y/Q5Jg==");
  EXPECT_EQ(checksum("CRC32C", "123456789"), "4waSgw==");
  EXPECT_EQ(checksum("CRC64NVME", "123456789"), "rosUhgp5mIg=");
  EXPECT_FALSE(checksum("MD4", "").has_value());
}

}  // namespace
}  // namespace dew::s3
