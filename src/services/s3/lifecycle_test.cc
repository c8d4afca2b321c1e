#include "services/s3/lifecycle.h"

#include <gtest/gtest.h>

#include "services/s3/testing.h"

namespace dew::s3 {
namespace {

// The clock begins at 2026-01-01T00:00:00Z.
constexpr std::chrono::hours kDay{24};

struct Lifecycle : ::testing::Test {
  Lifecycle() { s3.ok("s3", "CreateBucket", {{"Bucket", "bucket"}}); }

  json::Object put_rules(const char* rules) {
    return {{"Bucket", "bucket"},
            {"LifecycleConfiguration", json::Object{{"Rules", *json::parse(rules)}}}};
  }
  void rules(const char* text) { s3.ok("s3", "PutBucketLifecycleConfiguration", put_rules(text)); }
  std::string refused(const char* text) {
    const auto call =
        s3.call(s3.identity, "s3", "PutBucketLifecycleConfiguration", put_rules(text));
    return call ? "" : call.error().code + ": " + call.error().message;
  }
  void put(const char* key, std::string body = "x", const char* tagging = "") {
    json::Object input{{"Bucket", "bucket"}, {"Key", key}, {"Body", std::move(body)}};
    if (*tagging) input["Tagging"] = tagging;
    s3.ok("s3", "PutObject", std::move(input));
  }
  void version(const char* status) {
    s3.ok("s3", "PutBucketVersioning",
          {{"Bucket", "bucket"}, {"VersioningConfiguration", json::Object{{"Status", status}}}});
  }
  void after(std::chrono::hours time) {
    s3.clock.advance(time);
    s3.service->sweep();
  }
  // The keys that a listing shows, one after the other.
  std::string keys() {
    std::string out;
    auto listed = s3.ok("s3", "ListObjectsV2", {{"Bucket", "bucket"}});
    if (!listed.contains("Contents")) return out;
    for (const auto& one : listed["Contents"].as_array())
      out += json::string_or(one.as_object(), "Key") + " ";
    return out;
  }
  std::pair<size_t, size_t> versions() {
    auto listed = s3.ok("s3", "ListObjectVersions", {{"Bucket", "bucket"}});
    const auto count = [&](const char* name) {
      return listed.contains(name) ? listed[name].as_array().size() : 0;
    };
    return {count("Versions"), count("DeleteMarkers")};
  }

  S3 s3;
};

TEST_F(Lifecycle, EndsWhatIsOldEnough) {
  rules(R"([{"ID":"tmp","Status":"Enabled","Filter":{"Prefix":"tmp/"},"Expiration":{"Days":2}},
            {"ID":"off","Status":"Disabled","Filter":{},"Expiration":{"Days":1}}])");
  s3.clock.advance(std::chrono::hours(1));
  put("tmp/a");
  put("kept");
  // From one in the morning on two days, and to the next midnight.
  EXPECT_EQ(json::string_or(s3.ok("s3", "HeadObject", {{"Bucket", "bucket"}, {"Key", "tmp/a"}}),
                            "Expiration"),
            "expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\", rule-id=\"tmp\"");
  EXPECT_FALSE(
      s3.ok("s3", "HeadObject", {{"Bucket", "bucket"}, {"Key", "kept"}}).contains("Expiration"));
  after(2 * kDay);
  EXPECT_EQ(keys(), "kept tmp/a ");
  after(std::chrono::hours(23));
  EXPECT_EQ(keys(), "kept ");
  EXPECT_EQ(s3.files(), 1u);
}

TEST_F(Lifecycle, EndsByDateTagsAndSize) {
  rules(
      R"([{"Status":"Enabled","Filter":{"Tag":{"Key":"a","Value":"b"}},"Expiration":{"Date":1767312000}},
            {"Status":"Enabled","Filter":{"And":{"Prefix":"big/","ObjectSizeGreaterThan":3,"ObjectSizeLessThan":6}},
             "Expiration":{"Days":1}}])");
  put("tagged", "x", "a=b&c=d");
  put("other", "x", "a=c");
  put("big/3", "xxx");
  put("big/4", "xxxx");
  put("big/6", "xxxxxx");
  s3.service->sweep();
  EXPECT_EQ(keys(), "big/3 big/4 big/6 other tagged ");
  after(kDay);
  EXPECT_EQ(keys(), "big/3 big/6 other ");
}

TEST_F(Lifecycle, HidesTheNewestVersionAndEndsTheOlder) {
  version("Enabled");
  rules(R"([{"Status":"Enabled","Filter":{},"Expiration":{"Days":10},
             "NoncurrentVersionExpiration":{"NoncurrentDays":1,"NewerNoncurrentVersions":1}}])");
  put("k", "one");
  put("k", "two");
  put("k", "three");
  after(kDay);
  // Two are noncurrent for a day; the newer of them is kept.
  EXPECT_EQ(versions(), std::pair(size_t{2}, size_t{0}));
  EXPECT_EQ(keys(), "k ");
  after(9 * kDay);
  // A marker hides "three", the one noncurrent version that is kept from now on.
  EXPECT_EQ(keys(), "");
  EXPECT_EQ(versions(), std::pair(size_t{1}, size_t{1}));
  after(kDay);
  EXPECT_EQ(versions(), std::pair(size_t{1}, size_t{1}));
}

TEST_F(Lifecycle, EndsDeleteMarkersThatHideNothing) {
  version("Enabled");
  put("k");
  s3.ok("s3", "DeleteObject", {{"Bucket", "bucket"}, {"Key", "k"}});
  put("alive");
  rules(R"([{"Status":"Enabled","Filter":{},"Expiration":{"ExpiredObjectDeleteMarker":true}}])");
  s3.service->sweep();
  EXPECT_EQ(versions(), std::pair(size_t{2}, size_t{1}));
  rules(R"([{"Status":"Enabled","Filter":{},"Expiration":{"ExpiredObjectDeleteMarker":true},
             "NoncurrentVersionExpiration":{"NoncurrentDays":1}}])");
  after(2 * kDay);  // the version
  after(kDay);      // the marker
  EXPECT_EQ(versions(), std::pair(size_t{1}, size_t{0}));
  EXPECT_EQ(keys(), "alive ");
}

TEST_F(Lifecycle, AbortsUploadsThatWereForgotten) {
  rules(
      R"([{"Status":"Enabled","Filter":{"Prefix":"up/"},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}}])");
  for (const auto* key : {"up/a", "kept"}) {
    const auto upload = s3.ok("s3", "CreateMultipartUpload", {{"Bucket", "bucket"}, {"Key", key}});
    s3.ok("s3", "UploadPart",
          {{"Bucket", "bucket"},
           {"Key", key},
           {"UploadId", upload.at("UploadId")},
           {"PartNumber", 1},
           {"Body", "x"}});
  }
  after(kDay);
  const auto left = s3.ok("s3", "ListMultipartUploads", {{"Bucket", "bucket"}});
  ASSERT_EQ(left.at("Uploads").as_array().size(), 1u);
  EXPECT_EQ(json::string_or(left.at("Uploads").as_array()[0].as_object(), "Key"), "kept");
  EXPECT_EQ(s3.files(), 1u);
}

TEST_F(Lifecycle, MovesToOtherClasses) {
  rules(R"([{"Status":"Enabled","Filter":{},"Transitions":[{"Days":30,"StorageClass":"STANDARD_IA"},
             {"Days":60,"StorageClass":"GLACIER_IR"}]}])");
  put("k");
  const auto storage = [&] {
    return json::string_or(s3.ok("s3", "HeadObject", {{"Bucket", "bucket"}, {"Key", "k"}}),
                           "StorageClass");
  };
  after(29 * kDay);
  EXPECT_EQ(storage(), "");
  after(kDay);
  EXPECT_EQ(storage(), "STANDARD_IA");
  after(30 * kDay);
  EXPECT_EQ(storage(), "GLACIER_IR");
}

TEST_F(Lifecycle, RefusesRulesThatMakeNoSense) {
  const auto rule = [&](const std::string& rest) {
    return refused((R"([{"Status":"Enabled",)" + rest + "}]").c_str());
  };
  EXPECT_EQ(rule(R"("Filter":{},"Expiration":{"Days":0})"),
            "InvalidArgument: 'Days' for Expiration action must be a positive integer");
  EXPECT_EQ(rule(R"("Filter":{},"Expiration":{"Date":1767312001})"),
            "InvalidArgument: 'Date' must be at midnight GMT");
  EXPECT_TRUE(rule(R"("Expiration":{"Days":1})").starts_with("MalformedXML"));
  EXPECT_TRUE(rule(R"("Filter":{"Prefix":"a","ObjectSizeLessThan":1},"Expiration":{"Days":1})")
                  .starts_with("MalformedXML"));
  EXPECT_TRUE(rule(R"("Filter":{})").starts_with("InvalidRequest: At least one action"));
  EXPECT_EQ(
      rule(
          R"("Filter":{"Tag":{"Key":"a","Value":"b"}},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1})"),
      "InvalidRequest: AbortIncompleteMultipartUpload cannot be specified with Tags.");
  EXPECT_TRUE(rule(R"("Filter":{},"Transitions":[{"Days":1,"StorageClass":"GLACIER"}])")
                  .starts_with("NotImplemented"));
  EXPECT_TRUE(rule(R"("Filter":{},"Transitions":[{"Days":1,"StorageClass":"STANDARD_IA"}])")
                  .starts_with("InvalidArgument: 'Days' in Transition action"));
  EXPECT_TRUE(rule(R"("Filter":{},"NoncurrentVersionExpiration":{"NoncurrentDays":0})")
                  .starts_with("InvalidArgument: 'NoncurrentDays'"));
}

}  // namespace
}  // namespace dew::s3
