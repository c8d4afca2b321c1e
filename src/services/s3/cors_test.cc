#include "services/s3/cors.h"

#include <gtest/gtest.h>

namespace dew::s3 {
namespace {

// The example of docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
CorsRules example() {
  return parse_cors_rules(json::parse(
                              R"([{"AllowedHeaders":["*"],"AllowedMethods":["PUT","POST","DELETE"],
               "AllowedOrigins":["http://www.example1.com"],"ExposeHeaders":["ETag"],
               "MaxAgeSeconds":3000},
              {"AllowedHeaders":["x-amz-*"],"AllowedMethods":["PUT"],
               "AllowedOrigins":["https://*.example2.com"]},
              {"AllowedMethods":["GET"],"AllowedOrigins":["*"]}])")
                              ->as_array());
}

http::Request options(const char* origin, const char* method, const char* headers = "") {
  http::Request out;
  out.method = "OPTIONS";
  out.target = "/bucket/key";
  if (*origin) out.headers.add("Origin", origin);
  if (*method) out.headers.add("Access-Control-Request-Method", method);
  if (*headers) out.headers.add("Access-Control-Request-Headers", headers);
  return out;
}

TEST(Cors, AnswersPreflights) {
  const auto rules = example();
  auto yes = preflight(options("http://www.example1.com", "PUT", "Content-Type, X-Amz-Date"),
                       &rules, "OBJECT");
  EXPECT_EQ(yes.status, 200);
  EXPECT_EQ(yes.headers.get("access-control-allow-origin"), "http://www.example1.com");
  EXPECT_EQ(yes.headers.get("access-control-allow-methods"), "PUT, POST, DELETE");
  EXPECT_EQ(yes.headers.get("access-control-allow-headers"), "content-type, x-amz-date");
  EXPECT_EQ(yes.headers.get("access-control-expose-headers"), "ETag");
  EXPECT_EQ(yes.headers.get("access-control-max-age"), "3000");
  EXPECT_EQ(yes.headers.get("access-control-allow-credentials"), "true");
  const auto open = preflight(options("null", "GET"), &rules, "OBJECT");
  EXPECT_EQ(open.headers.get("access-control-allow-origin"), "*");
  EXPECT_FALSE(open.headers.has("access-control-allow-credentials"));
}

TEST(Cors, RefusesPreflights) {
  const auto rules = example();
  struct Case {
    const char *origin, *method, *headers;
    int status;
    const char* message;
  };
  for (const auto& c :
       {Case{"", "PUT", "", 400, "Origin request header needed"},
        Case{"http://a", "", "", 400, "Access-Control-Request-Method: null"},
        Case{"http://a", "PATCH", "", 400, "Access-Control-Request-Method: PATCH"},
        Case{"http://a", "<b>", "", 400, "Access-Control-Request-Method: null"},
        Case{"http://www.example1.com", "GET", "x-a", 403, "This CORS request is not allowed"},
        Case{"http://www.example1.org", "PUT", "", 403, "This CORS request is not allowed"},
        Case{"https://a.example2.com", "PUT", "x-amz-a, content-type", 403, "not allowed"}}) {
    const auto answer = preflight(options(c.origin, c.method, c.headers), &rules, "OBJECT");
    EXPECT_EQ(answer.status, c.status) << c.message;
    EXPECT_NE(answer.body.find(c.message), std::string::npos) << answer.body;
    EXPECT_FALSE(answer.headers.has("access-control-allow-origin"));
  }
  const auto none = preflight(options("http://a", "GET"), nullptr, "BUCKET");
  EXPECT_NE(none.body.find("CORS is not enabled for this bucket."), std::string::npos);
  EXPECT_EQ(preflight(options("https://a.example2.com", "PUT", "x-amz-a"), &rules, "").status, 200);
}

TEST(Cors, GivesTheOtherAnswersTheirHeaders) {
  const auto rules = example();
  http::Headers headers;
  add_cors_headers(rules, "http://www.example1.com", "HEAD", headers);
  EXPECT_FALSE(headers.has("access-control-allow-origin"));
  add_cors_headers(rules, "http://www.example1.com", "DELETE", headers);
  EXPECT_EQ(headers.get("access-control-allow-origin"), "http://www.example1.com");
  EXPECT_NE(headers.get("vary").find("Origin"), std::string::npos);
}

}  // namespace
}  // namespace dew::s3
