#include <dew/dynamodb.h>
#include <gtest/gtest.h>

#include "fake_server.h"

namespace dew::dynamodb {
namespace {

using test::FakeRequest;
using test::FakeServer;

struct Fixture {
  explicit Fixture(FakeServer::Answer answer) : server(std::move(answer)) {
    ClientOptions options;
    options.region = "us-east-1";
    options.endpoint = server.url();
    options.credentials = Credentials{"AKID", "secret", "token", {}};
    options.timeouts.io = std::chrono::milliseconds(200);
    options.sleep = [this](std::chrono::milliseconds time) { pauses.push_back(time.count()); };
    client.emplace(options);
  }
  FakeServer server;
  std::vector<int64_t> pauses;
  std::optional<Client> client;
};

std::string ok(const std::string& body) { return FakeServer::reply(200, body); }

std::string failure(int status, const std::string& type) {
  return FakeServer::reply(status, R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + type +
                                       R"(","message":"because"})");
}

TEST(DynamoDb, SendsWhatTheProtocolAsksFor) {
  Fixture fixture(
      [](const FakeRequest&) { return ok(R"({"Item":{"id":{"S":"1"},"n":{"N":"36"}}})"); });
  auto item = fixture.client->get_item({.table = "t",
                                        .key = {{"id", "1"}},
                                        .consistent_read = true,
                                        .projection = "#i",
                                        .names = {{"#i", "id"}}});
  ASSERT_TRUE(item) << item.error().message;
  ASSERT_TRUE(*item);
  EXPECT_EQ((*item)->at("id").s(), "1");
  EXPECT_EQ((*item)->at("n").as_int(), 36);
  const FakeRequest request = fixture.server.requests().at(0);
  EXPECT_EQ(
      request.body,
      R"({"TableName":"t","Key":{"id":{"S":"1"}},"ConsistentRead":true,"ProjectionExpression":"#i","ExpressionAttributeNames":{"#i":"id"}})");
  EXPECT_NE(request.head.find("X-Amz-Target: DynamoDB_20120810.GetItem\r\n"), std::string::npos);
  EXPECT_NE(request.head.find("Content-Type: application/x-amz-json-1.0\r\n"), std::string::npos);
  EXPECT_NE(request.head.find("X-Amz-Security-Token: token\r\n"), std::string::npos);
  EXPECT_NE(request.head.find("/us-east-1/dynamodb/aws4_request, "
                              "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-"
                              "amz-target, Signature="),
            std::string::npos);
}

TEST(DynamoDb, TellsMissingItemsApart) {
  Fixture fixture([](const FakeRequest&) { return ok("{}"); });
  auto item = fixture.client->get_item({.table = "t", .key = {{"id", "1"}}});
  ASSERT_TRUE(item);
  EXPECT_FALSE(item->has_value());
}

TEST(DynamoDb, GivesTheErrorsCode) {
  Fixture fixture(
      [](const FakeRequest&) { return failure(400, "ConditionalCheckFailedException"); });
  auto put = fixture.client->put_item(
      {.table = "t", .item = {{"id", "1"}}, .condition = "attribute_not_exists(id)"});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, kConditionalCheckFailed);
  EXPECT_EQ(put.error().message, "because");
  EXPECT_EQ(put.error().status, 400);
  EXPECT_EQ(fixture.server.requests().size(), 1U);
  EXPECT_TRUE(fixture.pauses.empty());
}

TEST(DynamoDb, RetriesWithBackoffAndJitter) {
  std::atomic<int> count{0};
  Fixture fixture([&](const FakeRequest&) {
    switch (++count) {
      case 1:
        return failure(400, "ProvisionedThroughputExceededException");
      case 2:
        return failure(500, "InternalServerError");
      case 3:
        return FakeServer::reply(503, "not json");
      default:
        return ok(R"({"Attributes":{"id":{"S":"1"}}})");
    }
  });
  auto updated = fixture.client->update_item({.table = "t",
                                              .key = {{"id", "1"}},
                                              .update = "SET a = :a",
                                              .values = {{":a", 1}},
                                              .return_values = "ALL_NEW"});
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(updated->at("id").s(), "1");
  ASSERT_EQ(fixture.pauses.size(), 3U);
  EXPECT_LE(fixture.pauses[0], 25);
  EXPECT_LE(fixture.pauses[1], 50);
  EXPECT_LE(fixture.pauses[2], 100);
  for (const auto& request : fixture.server.requests()) EXPECT_EQ(request.connection, 1);
}

TEST(DynamoDb, GivesUpAfterItsAttempts) {
  Fixture fixture([](const FakeRequest&) { return failure(500, "InternalServerError"); });
  EXPECT_EQ(fixture.client->delete_item({.table = "t", .key = {{"id", "1"}}}).error().code,
            "InternalServerError");
  EXPECT_EQ(fixture.server.requests().size(), 4U);
}

TEST(DynamoDb, OpensAClosedConnectionAgainWithoutPause) {
  Fixture fixture([](const FakeRequest& request) -> std::string {
    static int on_first = 0;
    if (request.connection == 1 && ++on_first > 1) return {};
    return ok("{}");
  });
  EXPECT_TRUE(fixture.client->get_item({.table = "t", .key = {}}));
  EXPECT_TRUE(fixture.client->get_item({.table = "t", .key = {}}));
  EXPECT_TRUE(fixture.pauses.empty());
}

TEST(DynamoDb, TimesOut) {
  std::atomic<bool> stop{false};
  Fixture fixture([&](const FakeRequest&) -> std::string {
    while (!stop) std::this_thread::yield();
    return {};
  });
  ClientOptions options;
  options.endpoint = fixture.server.url();
  options.credentials = Credentials{"AKID", "secret", {}, {}};
  options.timeouts.io = std::chrono::milliseconds(20);
  options.retry.max_attempts = 1;
  Client client(options);
  EXPECT_EQ(client.get_item({.table = "t", .key = {}}).error().code, "Timeout");
  stop = true;
}

TEST(DynamoDb, PagesAndBatches) {
  std::atomic<int> count{0};
  Fixture fixture([&](const FakeRequest& request) {
    if (request.head.find("Scan") != std::string::npos) {
      return ok(
          R"({"Items":[{"id":{"S":"1"}}],"Count":1,"ScannedCount":5,"LastEvaluatedKey":{"id":{"S":"1"}}})");
    }
    if (request.head.find("BatchWriteItem") != std::string::npos && ++count == 1) {
      return ok(R"({"UnprocessedItems":{"t":[{"DeleteRequest":{"Key":{"id":{"S":"9"}}}}]}})");
    }
    return ok("{}");
  });
  auto page = fixture.client->scan({.table = "t", .limit = 1, .start_key = Item{{"id", "0"}}});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.size(), 1U);
  EXPECT_EQ(page->scanned, 5);
  EXPECT_EQ(page->last_key->at("id").s(), "1");
  EXPECT_EQ(fixture.server.requests()[0].body,
            R"({"TableName":"t","Limit":1,"ExclusiveStartKey":{"id":{"S":"0"}}})");
  ASSERT_TRUE(fixture.client->batch_write("t", {{.put = Item{{"id", "8"}}, .delete_key = {}},
                                                {.put = {}, .delete_key = Item{{"id", "9"}}}}));
  EXPECT_EQ(fixture.server.requests()[2].body,
            R"({"RequestItems":{"t":[{"DeleteRequest":{"Key":{"id":{"S":"9"}}}}]}})");
}

TEST(AttributeValue, GoesThereAndBack) {
  const Item item{{"s", "ü\"\\"},
                  {"n", Number{"12345678901234567890123456789012345678"}},
                  {"i", -5},
                  {"d", 1.5},
                  {"t", true},
                  {"null", nullptr},
                  {"b", Binary{"\xff"}},
                  {"ss", StringSet{{"a", "b"}}},
                  {"ns", NumberSet{{"1"}}},
                  {"bs", BinarySet{{"\x01"}}},
                  {"l", List{1, "x", List{}}},
                  {"m", Item{{"inner", Item{}}}}};
  std::string text;
  append_json(text, item);
  auto back = item_from_json(json::parse(text));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, item);
  EXPECT_EQ(to_plain(item).at("i"), -5);
  EXPECT_EQ(to_plain(item).at("l"), (json::value{1, "x", json::array{}}));
  EXPECT_THROW((void)item.at("s").n(), std::runtime_error);
  for (const char* bad : {R"({"a":1})", R"({"a":{}})", R"({"a":{"S":1}})", R"({"a":{"X":"1"}})",
                          R"({"a":{"S":"1","N":"1"}})", R"({"a":{"B":"*"}})"}) {
    EXPECT_FALSE(item_from_json(json::parse(bad))) << bad;
  }
}

TEST(Credentials, ComeFromTheContainerEndpoint) {
  FakeServer server([](const FakeRequest&) {
    return ok(
        R"({"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2099-01-01T00:00:00Z"})");
  });
  ::unsetenv("AWS_ACCESS_KEY_ID");
  ::setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", (server.url() + "/creds").c_str(), 1);
  ::setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "tok", 1);
  CredentialsProvider provider;
  for (int i = 0; i < 2; ++i) {
    auto credentials = provider.get();
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ((*credentials)->session_token, "T");
  }
  ::unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  ::unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].target, "/creds");
  EXPECT_NE(server.requests()[0].head.find("Authorization: tok\r\n"), std::string::npos);
  CredentialsProvider none;
  EXPECT_EQ(none.get().error().code, "NoCredentials");
}

TEST(Http, ResolvesNames) {
  FakeServer server([](const FakeRequest&) { return ok("by name"); });
  http::Client client;
  const auto url = http::Url::parse("http://localhost:" + std::to_string(server.port()));
  const auto response = client.send(*url, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "by name");
  const auto nowhere = client.send(*http::Url::parse("http://no-such-host.invalid"), {});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, "ConnectionError");
}

TEST(Url, Parses) {
  auto url = http::Url::parse("https://dynamodb.us-east-1.amazonaws.com");
  EXPECT_EQ(url->authority(), "dynamodb.us-east-1.amazonaws.com");
  EXPECT_EQ(url->port, 443);
  url = http::Url::parse("http://[::1]:4566/a?b");
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:4566");
  EXPECT_EQ(url->target, "/a?b");
  for (const char* bad :
       {"", "ftp://x", "http://", "http://a:b", "http://a:99999", "http://u@h", "//x"})
    EXPECT_FALSE(http::Url::parse(bad)) << bad;
}

}  // namespace
}  // namespace dew::dynamodb
