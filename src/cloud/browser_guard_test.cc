#include "cloud/browser_guard.h"

#include <gtest/gtest.h>

namespace dew::cloud {
namespace {

TEST(BrowserGuard, LetsClientsInAndPagesOut) {
  struct Case {
    const char* host;
    const char* origin;
    bool allowed;
  };
  const Case cases[] = {
      {"localhost:4566", "", true},
      {"127.0.0.1:4566", "", true},
      {"[::1]:4566", "", true},
      {"bucket.s3.localhost.localstack.cloud:4566", "", true},
      {"dynamodb.us-east-1.amazonaws.com", "", true},
      {"builder:4566", "", true},
      {"localhost:4566", "http://localhost:4566", true},
      {"localhost:4566", "http://127.0.0.1:8080", true},
      {"localhost:4566", "https://example.com", false},
      {"localhost:4566", "http://localhost.example.com", false},
      {"localhost:4566", "null", false},
      {"localhost:4566", "http://", false},
      {"rebound.example.com:4566", "", false},
      {"rebound.example.com:4566", "http://rebound.example.com:4566", false},
  };
  for (const auto& [host, origin, allowed] : cases) {
    http::Request request;
    request.headers.add("Host", host);
    if (*origin) request.headers.add("Origin", origin);
    EXPECT_EQ(allowed_from_browser(request), allowed) << host << " " << origin;
  }
}

}  // namespace
}  // namespace dew::cloud
