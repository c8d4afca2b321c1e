#include "cli/destination.h"

#include <gtest/gtest.h>

namespace dew::cli {
namespace {

TEST(Destination, Urls) {
  EXPECT_EQ(Destination::endpoint("https://x.example.com:8443//").url("s3"),
            "https://x.example.com:8443");
  EXPECT_EQ(Destination::aws("eu-west-1").url("cloudformation"),
            "https://cloudformation.eu-west-1.amazonaws.com");
  EXPECT_EQ(Destination::aws("cn-north-1").url("sts"), "https://sts.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(Destination::aws("us-gov-west-1").url("s3"), "https://s3.us-gov-west-1.amazonaws.com");
}

TEST(Destination, OnlyLoopbackIsLocal) {
  for (const auto* url :
       {"http://127.0.0.1:4566", "http://localhost:1", "https://a.localhost", "http://[::1]:4566"})
    EXPECT_TRUE(Destination::endpoint(url).is_local()) << url;
  for (const auto* url : {"http://10.0.0.1", "https://localhost.example.com", "not a url"})
    EXPECT_FALSE(Destination::endpoint(url).is_local()) << url;
  EXPECT_FALSE(Destination::aws("us-east-1").is_local());
}

}  // namespace
}  // namespace dew::cli
