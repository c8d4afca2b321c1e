// Random operations, beside a naive model of a table that is a std::map. Seeds are fixed, plus one
// that is new with every run and printed.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "services/dynamodb/service.h"
#include "services/testing.h"

namespace dew::dynamodb {
namespace {

using Key = std::pair<std::string, int>;

class Model : public services::TestCloud {
 public:
  explicit Model(uint64_t seed) : service_(std::make_unique<Service>(context())), random_(seed) {
    service_->register_operations(registry);
    ok("dynamodb", "CreateTable",
       json::parse(R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
         "KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],
         "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"}]})")
           ->as_object());
  }

  void step() {
    const Key key = any_key();
    switch (random_() % 8) {
      case 0:
      case 1:
        put(key);
        break;
      case 2:
        erase(key);
        break;
      case 3:
        add(key);
        break;
      case 4:
        put_if_absent(key);
        break;
      case 5:
        get(key);
        break;
      case 6:
        query(key);
        break;
      default:
        scan();
        break;
    }
  }

  void restart() {
    registry = {};
    service_ = std::make_unique<Service>(context());
    service_->register_operations(registry);
  }

  void check_count() {
    const auto table = ok("dynamodb", "DescribeTable", {{"TableName", "tab"}});
    EXPECT_EQ(json::int_at(table.at("Table").as_object(), "ItemCount"),
              static_cast<int64_t>(items_.size()));
  }

 private:
  Key any_key() {
    return {std::string(1, static_cast<char>('a' + random_() % 4)),
            static_cast<int>(random_() % 20) - 10};
  }
  static json::Object number(int value) { return {{"N", std::to_string(value)}}; }
  static json::Object key_json(const Key& key) {
    return {{"p", json::Object{{"S", key.first}}}, {"s", number(key.second)}};
  }
  static json::Object item_json(const Key& key, int value) {
    json::Object out = key_json(key);
    out["v"] = number(value);
    return out;
  }
  json::Object input() { return {{"TableName", "tab"}}; }

  void put(const Key& key) {
    const int value = static_cast<int>(random_() % 100);
    auto request = input();
    request["Item"] = item_json(key, value);
    request["ReturnValues"] = "ALL_OLD";
    const auto out = ok("dynamodb", "PutItem", std::move(request));
    expect_old(out, key);
    items_[key] = value;
  }
  void put_if_absent(const Key& key) {
    auto request = input();
    request["Item"] = item_json(key, 7);
    request["ConditionExpression"] = "attribute_not_exists(p)";
    const auto code = error("dynamodb", "PutItem", std::move(request));
    EXPECT_EQ(code, items_.contains(key) ? "ConditionalCheckFailedException" : "");
    items_.emplace(key, 7);
  }
  void erase(const Key& key) {
    auto request = input();
    request["Key"] = key_json(key);
    request["ReturnValues"] = "ALL_OLD";
    const auto out = ok("dynamodb", "DeleteItem", std::move(request));
    expect_old(out, key);
    items_.erase(key);
  }
  void add(const Key& key) {
    const int value = static_cast<int>(random_() % 100) - 50;
    auto request = input();
    request["Key"] = key_json(key);
    request["UpdateExpression"] = "ADD v :v";
    request["ExpressionAttributeValues"] = json::Object{{":v", number(value)}};
    request["ReturnValues"] = "ALL_NEW";
    const auto out = ok("dynamodb", "UpdateItem", std::move(request));
    items_[key] += value;
    EXPECT_EQ(out.at("Attributes"), item_json(key, items_[key]));
  }
  void get(const Key& key) {
    auto request = input();
    request["Key"] = key_json(key);
    const auto out = ok("dynamodb", "GetItem", std::move(request));
    const auto it = items_.find(key);
    EXPECT_EQ(out.contains("Item"), it != items_.end());
    if (it != items_.end()) EXPECT_EQ(out.at("Item"), item_json(key, it->second));
  }
  void expect_old(const json::Object& out, const Key& key) {
    const auto it = items_.find(key);
    ASSERT_EQ(out.contains("Attributes"), it != items_.end());
    if (it != items_.end()) EXPECT_EQ(out.at("Attributes"), item_json(key, it->second));
  }

  // All pages of a Query or Scan.
  json::Array pages(std::string_view operation, json::Object request) {
    json::Array all;
    for (;;) {
      const auto out = ok("dynamodb", operation, request);
      for (const auto& item : out.at("Items").as_array()) all.push_back(item);
      if (!out.contains("LastEvaluatedKey")) return all;
      request["ExclusiveStartKey"] = out.at("LastEvaluatedKey");
    }
  }

  void query(const Key& key) {
    const int other = static_cast<int>(random_() % 20) - 10;
    const bool forward = random_() % 2 == 0;
    const char* comparator = std::array{"<", "<=", ">", ">=", "="}[random_() % 5];
    auto request = input();
    request["KeyConditionExpression"] = fmt::format("p = :p AND s {} :s", comparator);
    request["FilterExpression"] = "v >= :v";
    request["ExpressionAttributeValues"] = json::Object{
        {":p", json::Object{{"S", key.first}}}, {":s", number(other)}, {":v", number(20)}};
    request["ScanIndexForward"] = forward;
    request["Limit"] = 1 + random_() % 4;
    json::Array wanted;
    for (const auto& [at, value] : items_) {
      const auto order = at.second <=> other;
      const std::string_view op = comparator;
      const bool in = op == "<"    ? order < 0
                      : op == "<=" ? order <= 0
                      : op == ">"  ? order > 0
                      : op == ">=" ? order >= 0
                                   : order == 0;
      if (at.first == key.first && in && value >= 20) wanted.push_back(item_json(at, value));
    }
    if (!forward) std::reverse(wanted.begin(), wanted.end());
    EXPECT_EQ(pages("Query", std::move(request)), wanted);
  }

  void scan() {
    std::map<Key, int> seen;
    const int total = 1 + static_cast<int>(random_() % 3);
    for (int segment = 0; segment < total; ++segment) {
      auto request = input();
      request["Limit"] = 1 + random_() % 9;
      request["Segment"] = segment;
      request["TotalSegments"] = total;
      for (const auto& item : pages("Scan", std::move(request))) {
        const Key key{json::str(item.at("p").at("S")), std::stoi(json::str(item.at("s").at("N")))};
        EXPECT_TRUE(seen.emplace(key, std::stoi(json::str(item.at("v").at("N")))).second);
      }
    }
    EXPECT_EQ(seen, items_);
  }

  std::unique_ptr<Service> service_;
  std::mt19937_64 random_;
  std::map<Key, int> items_;
};

void run(uint64_t seed) {
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Model model(seed);
  for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) {
    model.step();
    if (i % 97 == 0) model.restart();
  }
  model.check_count();
}

TEST(Model, AgreesOnFixedSeeds) {
  run(1);
  run(2);
}

TEST(Model, AgreesOnANewSeed) {
  const uint64_t seed = std::random_device()();
  fmt::print("seed {}\n", seed);
  run(seed);
}

TEST(Concurrency, CountsEveryIncrement) {
  services::TestCloud cloud;
  Service service(cloud.context());
  service.register_operations(cloud.registry);
  cloud.ok("dynamodb", "CreateTable",
           json::parse(R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
             "KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],
             "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]})")
               ->as_object());
  constexpr int kThreads = 4;
  constexpr int kRounds = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&cloud, t] {
      for (int i = 0; i < kRounds; ++i) {
        // One item that all share, and a few that come and go.
        cloud.ok("dynamodb", "UpdateItem",
                 json::parse(
                     R"({"TableName":"tab","Key":{"p":{"S":"shared"}},"UpdateExpression":"ADD n :n",
                   "ExpressionAttributeValues":{":n":{"N":"1"}}})")
                     ->as_object());
        const json::Object key{{"p", json::Object{{"S", fmt::format("{}", (t + i) % 7)}}}};
        cloud.ok("dynamodb", "PutItem", {{"TableName", "tab"}, {"Item", key}});
        cloud.ok("dynamodb", "DeleteItem", {{"TableName", "tab"}, {"Key", key}});
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto scanned = cloud.ok("dynamodb", "Scan", {{"TableName", "tab"}});
  ASSERT_EQ(scanned.at("Items").as_array().size(), 1U);
  EXPECT_EQ(json::str(scanned.at("Items").at(0).at("n").at("N")),
            std::to_string(kThreads * kRounds));
  const auto table = cloud.ok("dynamodb", "DescribeTable", {{"TableName", "tab"}});
  EXPECT_EQ(json::int_at(table.at("Table").as_object(), "ItemCount"), 1);
}

}  // namespace
}  // namespace dew::dynamodb
