#include <dew/events.h>
#include <gtest/gtest.h>

#include "json_text.h"

namespace dew {
namespace {

constexpr std::string_view kEvent = R"({
  "resource": "/users/{id}", "path": "/users/4\u00e42", "httpMethod": "PUT",
  "headers": {"Content-Type": "application/json", "X-Two": "b"},
  "multiValueHeaders": {"Content-Type": ["application/json"], "X-Two": ["a", "b"]},
  "queryStringParameters": {"q": "2"}, "multiValueQueryStringParameters": {"q": ["1", "2"], "e": [""]},
  "pathParameters": {"id": "42"}, "stageVariables": null,
  "requestContext": {"requestId": "rid-1", "stage": "dev", "identity": {"sourceIp": "1.2.3.4", "userAgent": null}},
  "body": "{\"name\":\"\u00c4da\"}", "isBase64Encoded": false, "future": [1, {"x": "]"}, -1.5e+3, true]})";

TEST(ApiGatewayEvent, GivesItsParts) {
  auto event = ApiGatewayEvent::parse(kEvent);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(event->method(), "PUT");
  EXPECT_EQ(event->path(), "/users/4ä2");
  EXPECT_EQ(event->resource(), "/users/{id}");
  EXPECT_EQ(event->header("content-type"), "application/json");
  EXPECT_EQ(event->header("x-two"), "b");
  EXPECT_EQ(event->headers().size(), 3U);
  EXPECT_EQ(event->query("q"), "2");
  EXPECT_EQ(event->query("e"), "");
  EXPECT_EQ(event->query("none"), std::nullopt);
  EXPECT_EQ(event->path_parameter("id"), "42");
  EXPECT_EQ(event->stage_variable("x"), std::nullopt);
  EXPECT_EQ(event->request_id(), "rid-1");
  EXPECT_EQ(event->stage(), "dev");
  EXPECT_EQ(event->source_ip(), "1.2.3.4");
  EXPECT_EQ(event->body(), "{\"name\":\"Äda\"}");
  EXPECT_EQ(event->request_context()->at("stage").as_string(), "dev");
}

TEST(ApiGatewayEvent, TakesSingleValuesAndBase64) {
  auto event = ApiGatewayEvent::parse(
      R"({"httpMethod":"POST","path":"/","headers":{"A":"1"},"body":"aGk=","isBase64Encoded":true})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->header("a"), "1");
  EXPECT_EQ(event->body(), "hi");
  event = ApiGatewayEvent::parse(
      R"({"httpMethod":"POST","path":"/","body":"*","isBase64Encoded":true})");
  EXPECT_EQ(event->body(), std::nullopt);
  event = ApiGatewayEvent::parse(R"({"httpMethod":"GET","path":"/","body":null,"headers":null})");
  EXPECT_EQ(event->body(), "");
  EXPECT_EQ(event->header("a"), std::nullopt);
}

TEST(ApiGatewayEvent, RefusesWhatIsNoProxyEvent) {
  for (const std::string_view bad :
       {"", "1", "[]", "{", R"({"a":1})", R"({"httpMethod":1,"path":"/"})",
        R"({"httpMethod":"GET","path":"/"} x)", R"({"httpMethod":"GET","path":"/","x":[})",
        R"({"httpMethod":"GET","path":"\ud800"})"}) {
    EXPECT_FALSE(ApiGatewayEvent::parse(bad)) << bad;
  }
  EXPECT_FALSE(ApiGatewayEvent::parse(R"({"httpMethod":"GET","path":"/","x":)" +
                                      std::string(100'000, '[') + "}"));
}

TEST(JsonText, WritesStringsThatAreAlwaysValid) {
  std::string out;
  json_text::append_string(out, std::string_view("a\"\\\n\r\t\x01\0ü€😀", 17));
  EXPECT_EQ(parse_json(out)->as_string(), std::string_view("a\"\\\n\r\t\x01\0ü€😀", 17));
  for (const std::string_view bad :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xf0\x9f\x98"}) {
    out.clear();
    json_text::append_string(out, bad);
    ASSERT_TRUE(parse_json(out)) << out;
    EXPECT_NE(out.find("\xef\xbf\xbd"), std::string::npos);
  }
}

// The cursor passes eight bytes at a time: what ends a string is seen wherever it stands, and
// nothing else is.
TEST(JsonText, FindsTheEndOfAStringAtEveryPlace) {
  for (size_t length = 0; length < 40; ++length) {
    for (const char fill : {'a', '!', '#', '[', ']', ' ', '\x7f', '\x80', '\xa2', '\xdc', '\xff'}) {
      const std::string inner(length, fill);
      const std::string text = '"' + inner + "\",1";
      json_text::Cursor cursor(text);
      EXPECT_EQ(cursor.string(), inner);
      EXPECT_TRUE(cursor.eat(','));
      for (size_t at = 0; at < length; ++at) {
        std::string escaped = inner;
        escaped.replace(at, 1, "\\\"");
        const std::string whole = '"' + escaped + '"';
        EXPECT_EQ(json_text::Cursor(whole).string(), escaped);
        for (const char bad : {'\0', '\x1f', '\n'}) {
          std::string control = inner;
          control[at] = bad;
          const std::string broken = '"' + control + '"';
          EXPECT_EQ(json_text::Cursor(broken).string(), std::nullopt);
        }
      }
      for (const char* end : {"", "\\"}) {
        const std::string open = '"' + inner + end;
        EXPECT_EQ(json_text::Cursor(open).string(), std::nullopt);
      }
    }
  }
}

TEST(JsonText, UnescapesAsJsonSays) {
  EXPECT_EQ(json_text::unescape(R"(\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00)"), "\"\\/\b\f\n\r\tä😀");
  for (const std::string_view bad :
       {R"(\)", R"(\x)", R"(\u12)", R"(\ude00)", R"(\ud83d)", R"(\ud83dA)", R"(\u+123)"}) {
    EXPECT_EQ(json_text::unescape(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace dew
