#include "aws/sigv2.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace dew::aws {
namespace {

// Key, secret and requests of docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

http::Request request(std::string method, std::string target) {
  http::Request out;
  out.method = std::move(method);
  out.target = std::move(target);
  return out;
}

Signature parsed(const http::Request& from, std::string resource) {
  const auto signature = parse_signature(from);
  EXPECT_TRUE(signature && *signature);
  auto out = signature && *signature ? **signature : Signature{};
  EXPECT_EQ(out.version, Signature::Version::k2);
  out.resource = std::move(resource);
  return out;
}

TEST(SigV2, TheDocumentationsQueryStringRequest) {
  const auto get = request("GET",
                           "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature="
                           "NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620");
  const auto signature = parsed(get, "/johnsmith/photos/puppy.jpg");
  EXPECT_EQ(signature.access_key, "AKIAIOSFODNN7EXAMPLE");
  EXPECT_EQ(string_to_sign_v2(get, signature), "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg");
  EXPECT_TRUE(matches_v2(get, signature, kSecret));
  EXPECT_FALSE(matches_v2(get, signature, "another"));
}

// The documentation's upload, with its Date where a presigned URL has Expires: its signature is
// ilyl83RwaSoYIEdixDQcA4OnAnc=.
TEST(SigV2, TheDocumentationsUpload) {
  const std::string text =
      "PUT\n4gJE4saaMU4BqNR0kLY+lw==\napplication/x-download\nTue, 27 Mar 2007 21:06:08 +0000\n"
      "x-amz-acl:public-read\nx-amz-meta-checksumalgorithm:crc32\n"
      "x-amz-meta-filechecksum:0x02661779\n"
      "x-amz-meta-reviewedby:joe@johnsmith.net,jane@johnsmith.net\n"
      "/static.johnsmith.net/db-backup.dat.gz";
  EXPECT_EQ(base64_encode(hmac_sha1(kSecret, text)), "ilyl83RwaSoYIEdixDQcA4OnAnc=");
  auto put =
      request("PUT", "/db-backup.dat.gz?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=x&Expires=7");
  for (const auto& [name, value] :
       {std::pair("X-Amz-Meta-ReviewedBy", " joe@johnsmith.net"),
        std::pair("X-Amz-Meta-ReviewedBy", "jane@johnsmith.net "),
        std::pair("X-Amz-Meta-FileChecksum", "0x02661779"),
        std::pair("X-Amz-Meta-ChecksumAlgorithm", "crc32"), std::pair("x-amz-acl", "public-read"),
        std::pair("content-type", "application/x-download"),
        std::pair("Content-MD5", "4gJE4saaMU4BqNR0kLY+lw==")}) {
    put.headers.add(name, value);
  }
  auto expected = text;
  expected.replace(expected.find("Tue"), 31, "7");
  EXPECT_EQ(string_to_sign_v2(put, parsed(put, "/static.johnsmith.net/db-backup.dat.gz")),
            expected);
}

// As botocore signs (HmacV1QueryAuth): headers stand in the query string.
TEST(SigV2, BotocoresUrls) {
  const auto get = request(
      "GET",
      "/b/a%20k?response-content-type=text%2Fplain&versionId=v&acl&x-id=GetObject&"
      "AWSAccessKeyId=AKID&Signature=s&x-amz-security-token=tok&content-type=text%2Fx&Expires=9");
  EXPECT_EQ(string_to_sign_v2(get, parsed(get, get.target)),
            "GET\n\ntext/x\n9\nx-amz-security-token:tok\n"
            "/b/a%20k?acl&response-content-type=text/plain&versionId=v");
}

// Every byte of what it covers, changed in turn.
TEST(SigV2, AnyByteChangedIsRefused) {
  auto good = request(
      "GET", "/b/key?versionId=v&Expires=12345&x-amz-meta-a=b&AWSAccessKeyId=AKID&Signature=");
  good.headers.add("x-amz-date", "now");
  good.headers.add("Content-Type", "text/plain");
  auto signature = parsed(request("GET", good.target + "x"), good.target);
  const auto sign = base64_encode(hmac_sha1(kSecret, string_to_sign_v2(good, signature)));
  const auto accepted = [](http::Request tried) {
    const auto read = parse_signature(tried);
    if (!read || !*read || (*read)->access_key != "AKID") return false;
    auto its = **read;
    its.resource = tried.target;
    return matches_v2(tried, its, kSecret);
  };
  good.target += url_encode(sign);
  ASSERT_TRUE(accepted(good));
  const auto flip = [&](std::string& part) {
    for (size_t i = 0; i < part.size(); ++i) {
      part[i] = static_cast<char>(part[i] ^ 1);
      EXPECT_FALSE(accepted(good)) << good.method << ' ' << good.target;
      part[i] = static_cast<char>(part[i] ^ 1);
    }
  };
  flip(good.method);
  flip(good.target);
  for (const auto* name : {"x-amz-date", "Content-Type"}) {
    const std::string value(good.headers.get(name));
    for (size_t i = 0; i < value.size(); ++i) {
      auto changed = value;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      good.headers.set(name, changed);
      EXPECT_FALSE(accepted(good)) << name << ": " << changed;
    }
    good.headers.set(name, value);
  }
  ASSERT_TRUE(accepted(good));
}

TEST(SigV2, IsForS3sUrlsOnly) {
  for (const auto* target : {"/?AWSAccessKeyId=a&Signature=b",
                             "/?AWSAccessKeyId=a&Signature=b&Expires=1&SignatureVersion=2"}) {
    const auto refused = parse_signature(request("GET", target));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("Signature Version 2"), std::string::npos);
  }
  EXPECT_FALSE(parse_signature(request("GET", "/?AWSAccessKeyId=a&Signature=b&Expires=soon")));
}

}  // namespace
}  // namespace dew::aws
