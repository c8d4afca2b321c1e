// The operations through their handlers: results, errors in AWS's words, paging, capacity,
// persistence.
#include "services/dynamodb/service.h"

#include <gtest/gtest.h>

#include "services/testing.h"

namespace dew::dynamodb {
namespace {

json::Object parse(std::string_view text) {
  const auto value = json::parse(text);
  EXPECT_TRUE(value.has_value()) << text << ": " << value.error().message;
  return value ? value->as_object() : json::Object();
}

struct Cloud : services::TestCloud {
  explicit Cloud(std::shared_ptr<store::Store> shared = store::make_memory_store())
      : TestCloud(std::move(shared)), service(context()) {
    service.register_operations(registry);
  }
  // The output as JSON, or "Code: message".
  std::string run(std::string_view operation, std::string_view input) {
    const auto result = call(identity, "dynamodb", operation, parse(input));
    if (!result) return result.error().code + ": " + result.error().message;
    return json::dump(*result);
  }
  void make(
      std::string_view keys =
          R"([{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}])",
      std::string_view types =
          R"([{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"}])") {
    const auto out =
        run("CreateTable",
            fmt::format(R"({{"TableName":"tab","BillingMode":"PAY_PER_REQUEST","KeySchema":{},
                                                        "AttributeDefinitions":{}}})",
                        keys, types));
    EXPECT_TRUE(out.starts_with("{")) << out;
  }
  void put(std::string_view item) {
    EXPECT_EQ(run("PutItem", fmt::format(R"({{"TableName":"tab","Item":{}}})", item)), "{}");
  }
  Service service;
};

TEST(Tables, LiveTheirLife) {
  Cloud cloud;
  const auto created = cloud.ok("dynamodb", "CreateTable", parse(R"({"TableName":"tab",
      "KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}],
      "ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4},"Tags":[{"Key":"k","Value":"v"}]})"));
  const auto& table = created.at("TableDescription").as_object();
  EXPECT_EQ(json::string_or(table, "TableStatus"), "CREATING");
  EXPECT_EQ(json::string_or(table, "TableArn"),
            "arn:aws:dynamodb:us-east-1:000000000000:table/tab");
  EXPECT_FALSE(table.contains("BillingModeSummary"));
  EXPECT_EQ(cloud.run("CreateTable", R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
      "KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]})"),
            "ResourceInUseException: Table already exists: tab");
  EXPECT_EQ(cloud.run("ListTagsOfResource",
                      R"({"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/tab"})"),
            R"({"Tags":[{"Key":"k","Value":"v"}]})");
  cloud.ok(
      "dynamodb", "UpdateTable",
      parse(
          R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST","DeletionProtectionEnabled":true})"));
  const auto described = cloud.ok("dynamodb", "DescribeTable", parse(R"({"TableName":"tab"})"));
  EXPECT_EQ(
      json::string_or(described.at("Table").at("BillingModeSummary").as_object(), "BillingMode"),
      "PAY_PER_REQUEST");
  EXPECT_EQ(json::string_or(described.at("Table").as_object(), "TableStatus"), "ACTIVE");
  EXPECT_TRUE(cloud.run("DeleteTable", R"({"TableName":"tab"})")
                  .starts_with("ValidationException: Resource cannot be deleted"));
  cloud.ok("dynamodb", "UpdateTable",
           parse(R"({"TableName":"tab","DeletionProtectionEnabled":false})"));
  cloud.ok("dynamodb", "DeleteTable", parse(R"({"TableName":"tab"})"));
  EXPECT_EQ(cloud.run("DescribeTable", R"({"TableName":"tab"})"),
            "ResourceNotFoundException: Requested resource not found: Table: tab not found");
  EXPECT_EQ(cloud.run("GetItem", R"({"TableName":"tab","Key":{"p":{"S":"a"}}})"),
            "ResourceNotFoundException: Requested resource not found");
}

TEST(Tables, AreCheckedAsAwsDoes) {
  Cloud cloud;
  const auto create = [&](std::string_view members) {
    return cloud.run(
        "CreateTable",
        fmt::format(R"({{"TableName":"tab","BillingMode":"PAY_PER_REQUEST",{}}})", members));
  };
  constexpr auto kAttributes =
      R"("AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},{"AttributeName":"b","AttributeType":"N"}])";
  const auto with = [&](std::string_view keys) {
    return create(fmt::format(R"({},"KeySchema":[{}])", kAttributes, keys));
  };
  constexpr std::string_view kPrefix =
      "ValidationException: One or more parameter values were invalid: ";
  EXPECT_EQ(with(R"({"AttributeName":"a","KeyType":"HASH"})"),
            fmt::format("{}Number of attributes in KeySchema does not exactly match number of "
                        "attributes defined in "
                        "AttributeDefinitions",
                        kPrefix));
  EXPECT_EQ(
      with(R"({"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"q","KeyType":"RANGE"})"),
      fmt::format(
          "{}Some index key attributes are not defined in AttributeDefinitions. Keys: [a, q], "
          "AttributeDefinitions: [a, b]",
          kPrefix));
  EXPECT_EQ(
      with(R"({"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"a","KeyType":"RANGE"})"),
      "ValidationException: Both the Hash Key and the Range Key element in the KeySchema have the "
      "same name");
  EXPECT_EQ(
      with(R"({"AttributeName":"a","KeyType":"RANGE"})"),
      "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  EXPECT_EQ(create(R"("GlobalSecondaryIndexes":[],"KeySchema":[],"AttributeDefinitions":[])"),
            "NotImplemented: Dewpoint does not support global secondary indexes "
            "(GlobalSecondaryIndexes) of DynamoDB tables yet");
  EXPECT_EQ(cloud.run("CreateTable", R"({"TableName":"tab"})"),
            fmt::format("{}ReadCapacityUnits and WriteCapacityUnits must both be specified when "
                        "BillingMode is PROVISIONED",
                        kPrefix));
  EXPECT_EQ(cloud.run("UpdateTable", R"({"TableName":"tab","BillingMode":"PROVISIONED"})"),
            "ResourceNotFoundException: Requested resource not found: Table: tab not found");
}

TEST(Tables, AreListedInPages) {
  Cloud cloud;
  for (const char* name : {"cc", "aa", "bb"}) {
    cloud.run("CreateTable", fmt::format(R"({{"TableName":"{}","BillingMode":"PAY_PER_REQUEST",
      "KeySchema":[{{"AttributeName":"p","KeyType":"HASH"}}],"AttributeDefinitions":[{{"AttributeName":"p","AttributeType":"S"}}]}})",
                                         name));
  }
  EXPECT_EQ(cloud.run("ListTables", R"({"Limit":2})"),
            R"({"LastEvaluatedTableName":"bb","TableNames":["aa","bb"]})");
  EXPECT_EQ(cloud.run("ListTables", R"({"ExclusiveStartTableName":"bb"})"),
            R"({"TableNames":["cc"]})");
}

TEST(Tables, SurviveARestart) {
  const std::shared_ptr<store::Store> store = store::make_memory_store();
  {
    Cloud cloud(store);
    cloud.make();
    cloud.put(R"({"p":{"S":"a"},"s":{"N":"1"},"data":{"B":"bytes"}})");
    cloud.put(R"({"p":{"S":"b"},"s":{"N":"1"}})");
  }
  Cloud cloud(store);
  EXPECT_EQ(cloud.run("GetItem", R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1.0"}}})"),
            R"({"Item":{"data":{"B":"bytes"},"p":{"S":"a"},"s":{"N":"1"}}})");
  const auto table = cloud.ok("dynamodb", "DescribeTable", parse(R"({"TableName":"tab"})"));
  EXPECT_EQ(json::int_at(table.at("Table").as_object(), "ItemCount"), 2);
  EXPECT_EQ(json::int_at(table.at("Table").as_object(), "TableSizeBytes"), 19);
  EXPECT_EQ(cloud.run("DeleteItem", R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}}})"),
            "{}");
  const auto after = cloud.ok("dynamodb", "DescribeTable", parse(R"({"TableName":"tab"})"));
  EXPECT_EQ(json::int_at(after.at("Table").as_object(), "TableSizeBytes"), 5);
  cloud.run("DeleteTable", R"({"TableName":"tab"})");
  cloud.make();
  EXPECT_EQ(cloud.run("Scan", R"({"TableName":"tab"})"),
            R"({"Items":[],"Count":0,"ScannedCount":0})");
}

TEST(TimeToLive, IsStored) {
  Cloud cloud;
  cloud.make();
  EXPECT_EQ(cloud.run("DescribeTimeToLive", R"({"TableName":"tab"})"),
            R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})");
  const auto update = [&](std::string_view attribute, bool enabled) {
    return cloud.run(
        "UpdateTimeToLive",
        fmt::format(
            R"({{"TableName":"tab","TimeToLiveSpecification":{{"AttributeName":"{}","Enabled":{}}}}})",
            attribute, enabled));
  };
  EXPECT_EQ(update("ttl", false), "ValidationException: TimeToLive is already disabled");
  EXPECT_EQ(update("ttl", true),
            R"({"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}})");
  EXPECT_EQ(update("ttl", true), "ValidationException: TimeToLive is already enabled");
  EXPECT_EQ(cloud.run("DescribeTimeToLive", R"({"TableName":"tab"})"),
            R"({"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}})");
}

TEST(Items, ReturnValuesAndConditions) {
  Cloud cloud;
  cloud.make();
  cloud.put(R"({"p":{"S":"a"},"s":{"N":"1"},"v":{"N":"1"}})");
  EXPECT_EQ(
      cloud.run(
          "PutItem",
          R"({"TableName":"tab","Item":{"p":{"S":"a"},"s":{"N":"1"},"v":{"N":"2"}},"ReturnValues":"ALL_OLD"})"),
      R"({"Attributes":{"p":{"S":"a"},"s":{"N":"1"},"v":{"N":"1"}}})");
  EXPECT_EQ(
      cloud.run(
          "PutItem",
          R"({"TableName":"tab","Item":{"p":{"S":"a"},"s":{"N":"1"}},"ConditionExpression":"attribute_not_exists(p) "
})"),
      "ConditionalCheckFailedException: The conditional request failed");
  const auto failed = cloud.call(
      cloud.identity, "dynamodb", "DeleteItem",
      parse(
          R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}},"ConditionExpression":"v = :x",
                                   "ExpressionAttributeValues":{":x":{"N":"9"}},"ReturnValuesOnConditionCheckFailure":"ALL_OLD"})"));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(json::dump(failed.error().members.at("Item")),
            R"({"p":{"S":"a"},"s":{"N":"1"},"v":{"N":"2"}})");
  const auto update = [&](std::string_view values) {
    return cloud.run("UpdateItem",
                     fmt::format(R"({{"TableName":"tab","Key":{{"p":{{"S":"a"}},"s":{{"N":"1"}}}},
        "UpdateExpression":"SET v = v + :one, w = :one","ExpressionAttributeValues":{{":one":{{"N":"1"}}}},"ReturnValues":"{}"}})",
                                 values));
  };
  EXPECT_EQ(update("UPDATED_OLD"), R"({"Attributes":{"v":{"N":"2"}}})");
  EXPECT_EQ(update("UPDATED_NEW"), R"({"Attributes":{"v":{"N":"4"},"w":{"N":"1"}}})");
  EXPECT_EQ(update("ALL_OLD"),
            R"({"Attributes":{"p":{"S":"a"},"s":{"N":"1"},"v":{"N":"4"},"w":{"N":"1"}}})");
  EXPECT_EQ(update("ALL_NEW"),
            R"({"Attributes":{"p":{"S":"a"},"s":{"N":"1"},"v":{"N":"6"},"w":{"N":"1"}}})");
  EXPECT_EQ(update("NONE"), "{}");
  EXPECT_EQ(
      cloud.run(
          "UpdateItem",
          R"({"TableName":"tab","Key":{"p":{"S":"new"},"s":{"N":"1"}},"ReturnValues":"ALL_NEW"})"),
      R"({"Attributes":{"p":{"S":"new"},"s":{"N":"1"}}})");
}

TEST(Items, AreCheckedAsAwsDoes) {
  Cloud cloud;
  cloud.make();
  constexpr std::string_view kInvalid =
      "ValidationException: One or more parameter values were invalid: ";
  const auto put = [&](std::string_view item, std::string_view more = "") {
    return cloud.run("PutItem", fmt::format(R"({{"TableName":"tab","Item":{}{}}})", item, more));
  };
  EXPECT_EQ(put(R"({"p":{"S":"a"}})"), fmt::format("{}Missing the key s in the item", kInvalid));
  EXPECT_EQ(put(R"({"p":{"N":"1"},"s":{"N":"1"}})"),
            fmt::format("{}Type mismatch for key p expected: S actual: N", kInvalid));
  EXPECT_EQ(put(R"({"p":{"S":""},"s":{"N":"1"}})"),
            "ValidationException: One or more parameter values are not valid. The AttributeValue "
            "for a key attribute cannot "
            "contain an empty string value. Key: p");
  EXPECT_EQ(
      put(fmt::format(R"({{"p":{{"S":"{}"}},"s":{{"N":"1"}}}})", std::string(2049, 'x'))),
      fmt::format("{}Size of hashkey has exceeded the maximum size limit of2048 bytes", kInvalid));
  const auto sized = [](size_t bytes) {
    return fmt::format(R"({{"p":{{"S":"a"}},"s":{{"N":"1"}},"v":{{"S":"{}"}}}})",
                       std::string(bytes, 'x'));
  };
  // p, a, s, two bytes for 1, and v: six bytes besides the value.
  EXPECT_EQ(put(sized(400 * 1024 - 6)), "{}");
  EXPECT_EQ(put(sized(400 * 1024 - 5)),
            "ValidationException: Item size has exceeded the maximum allowed size");
  EXPECT_EQ(
      cloud.run(
          "UpdateItem",
          R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}},"UpdateExpression":"SET q = :q",
      "ExpressionAttributeValues":{":q":{"S":"x"}}})"),
      "ValidationException: Item size to update has exceeded the maximum allowed size");
  constexpr auto kKey = R"({"p":{"S":"a"},"s":{"N":"1"}})";
  EXPECT_EQ(put(kKey, R"(,"ReturnValues":"ALL_NEW")"),
            "ValidationException: ReturnValues can only be ALL_OLD or NONE");
  EXPECT_EQ(
      put(kKey, R"(,"ExpressionAttributeNames":{"#a":"a"})"),
      "ValidationException: ExpressionAttributeNames can only be specified when using expressions");
  EXPECT_EQ(put(kKey, R"(,"ExpressionAttributeValues":{":a":{"S":"a"}})"),
            "ValidationException: ExpressionAttributeValues can only be specified when using "
            "expressions: ConditionExpression is null");
  EXPECT_EQ(
      put(kKey,
          R"j(,"ConditionExpression":"attribute_exists(p)","ExpressionAttributeNames":{"#u":"u"})j"),
      "ValidationException: Value provided in ExpressionAttributeNames unused in expressions: "
      "keys: {#u}");
  EXPECT_EQ(
      put(kKey,
          R"(,"ConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"a"},":u":{"S":"a"}})"),
      "ValidationException: Value provided in ExpressionAttributeValues unused in expressions: "
      "keys: {:u}");
  EXPECT_EQ(
      put(kKey,
          R"j(,"ConditionExpression":"attribute_exists(p)","Expected":{"p":{"Exists":false}})j"),
      "ValidationException: Can not use both expression and non-expression parameters in the same "
      "request: Non-expression "
      "parameters: {Expected} Expression parameters: {ConditionExpression}");
  EXPECT_EQ(put(kKey, R"(,"ConditionExpression":"p.x = p.y")"),
            "ValidationException: Key attributes must be scalars; list random access '[]' and map "
            "lookup '.' are not allowed: Key: p");
  const auto get = [&](std::string_view key) {
    return cloud.run("GetItem", fmt::format(R"({{"TableName":"tab","Key":{}}})", key));
  };
  for (const char* key : {R"({"p":{"S":"a"}})", R"({"p":{"S":"a"},"s":{"S":"1"}})",
                          R"({"p":{"S":"a"},"s":{"N":"1"},"x":{"S":"1"}})"}) {
    EXPECT_EQ(get(key), "ValidationException: The provided key element does not match the schema");
  }
  EXPECT_EQ(
      cloud.run(
          "UpdateItem",
          R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}},"UpdateExpression":"SET p = :q",
      "ExpressionAttributeValues":{":q":{"S":"x"}}})"),
      fmt::format("{}Cannot update attribute p. This attribute is part of the key", kInvalid));
}

TEST(Items, AcceptLegacyParameters) {
  Cloud cloud;
  cloud.make();
  cloud.put(R"({"p":{"S":"a"},"s":{"N":"1"},"n":{"N":"1"},"l":{"L":[]},"ss":{"SS":["x"]}})");
  EXPECT_EQ(
      cloud.run(
          "PutItem",
          R"({"TableName":"tab","Item":{"p":{"S":"a"},"s":{"N":"1"}},"Expected":{"p":{"Exists":false}}})"),
      "ConditionalCheckFailedException: The conditional request failed");
  EXPECT_EQ(
      cloud.run("UpdateItem",
                R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}},"ReturnValues":"ALL_NEW",
      "Expected":{"n":{"ComparisonOperator":"LT","AttributeValueList":[{"N":"2"}]},"ss":{"ComparisonOperator":"CONTAINS","AttributeValueList":[{"S":"x"}]}},
      "AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"4"}},"l":{"Action":"ADD","Value":{"L":[{"S":"e"}]}},
                          "ss":{"Action":"DELETE","Value":{"SS":["x"]}},"q":{"Value":{"S":"put"}}}})"),
      R"({"Attributes":{"l":{"L":[{"S":"e"}]},"n":{"N":"5"},"p":{"S":"a"},"q":{"S":"put"},"s":{"N":"1"}}})");
  EXPECT_EQ(
      cloud.run(
          "GetItem",
          R"({"TableName":"tab","Key":{"p":{"S":"a"},"s":{"N":"1"}},"AttributesToGet":["n","nope"]})"),
      R"({"Item":{"n":{"N":"5"}}})");
  EXPECT_EQ(cloud.run("Query", R"({"TableName":"tab","Select":"COUNT",
      "KeyConditions":{"p":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]},"s":{"ComparisonOperator":"GE","AttributeValueList":[{"N":"1"}]}},
      "QueryFilter":{"n":{"ComparisonOperator":"IN","AttributeValueList":[{"N":"5"},{"N":"6"}]}}})"),
            R"({"Count":1,"ScannedCount":1})");
  EXPECT_EQ(cloud.run("Scan", R"({"TableName":"tab","Select":"COUNT","ConditionalOperator":"OR",
      "ScanFilter":{"n":{"ComparisonOperator":"EQ","AttributeValueList":[{"N":"9"}]},"q":{"ComparisonOperator":"NOT_NULL"}}})"),
            R"({"Count":1,"ScannedCount":1})");
}

TEST(Query, FindsRangesInOrder) {
  Cloud cloud;
  cloud.make();
  for (const char* s : {"-2", "10", "9", "1.5", "0"}) {
    cloud.put(fmt::format(R"({{"p":{{"S":"a"}},"s":{{"N":"{}"}},"v":{{"S":"x"}}}})", s));
  }
  cloud.put(R"({"p":{"S":"b"},"s":{"N":"7"}})");
  const auto query = [&](std::string_view condition, std::string_view values,
                         std::string_view more = "") {
    const auto out =
        cloud.ok("dynamodb", "Query",
                 parse(fmt::format(R"({{"TableName":"tab","KeyConditionExpression":"{}",
        "ExpressionAttributeValues":{{":p":{{"S":"a"}}{}}}{}}})",
                                   condition, values, more)));
    std::string keys;
    for (const auto& item : out.at("Items").as_array())
      keys += json::str(item.at("s").at("N")) + " ";
    return keys;
  };
  EXPECT_EQ(query("p = :p", ""), "-2 0 1.5 9 10 ");
  EXPECT_EQ(query("p = :p", "", R"(,"ScanIndexForward":false)"), "10 9 1.5 0 -2 ");
  EXPECT_EQ(query("p = :p AND s > :n", R"(,":n":{"N":"1.5"})"), "9 10 ");
  EXPECT_EQ(query("p = :p AND s >= :n", R"(,":n":{"N":"1.5"})"), "1.5 9 10 ");
  EXPECT_EQ(query("s < :n AND p = :p", R"(,":n":{"N":"1.5"})"), "-2 0 ");
  EXPECT_EQ(query(":n >= s AND :p = p", R"(,":n":{"N":"1.5"})"), "-2 0 1.5 ");
  EXPECT_EQ(query("p = :p AND s = :n", R"(,":n":{"N":"9.0"})"), "9 ");
  EXPECT_EQ(query("p = :p AND (s BETWEEN :n AND :m)", R"(,":n":{"N":"0"},":m":{"N":"9"})"),
            "0 1.5 9 ");
  EXPECT_EQ(
      cloud.run(
          "Query",
          R"({"TableName":"tab","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"a"}},
      "Limit":2,"ProjectionExpression":"s","ReturnConsumedCapacity":"INDEXES","ConsistentRead":true})"),
      R"({"Items":[{"s":{"N":"-2"}},{"s":{"N":"0"}}],"Count":2,"ScannedCount":2,"LastEvaluatedKey":{"p":{"S":"a"},"s":{"N":"0"}},)"
      R"("ConsumedCapacity":{"TableName":"tab","CapacityUnits":1E0,"Table":{"CapacityUnits":1E0}}})");
  EXPECT_EQ(query("p = :p", "", R"(,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"0"}})"),
            "1.5 9 10 ");
  EXPECT_EQ(query("p = :p", "",
                  R"(,"ScanIndexForward":false,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"0"}})"),
            "-2 ");
}

TEST(Query, IsCheckedAsAwsDoes) {
  Cloud cloud;
  cloud.make();
  const auto query = [&](std::string_view condition, std::string_view more = "") {
    const auto out =
        cloud.run("Query", fmt::format(R"({{"TableName":"tab","KeyConditionExpression":"{}",
        "ExpressionAttributeValues":{{":p":{{"S":"a"}},":n":{{"N":"1"}}}}{}}})",
                                       condition, more));
    return out.starts_with("ValidationException: ") ? out.substr(21) : out;
  };
  EXPECT_EQ(query("q = :p AND s = :n"), "Query condition missed key schema element: p");
  EXPECT_EQ(query("p = :p AND q = :n"), "Query condition missed key schema element: s");
  EXPECT_EQ(query("p = :p OR s = :n"), "Invalid operator used in KeyConditionExpression: OR");
  EXPECT_EQ(query("p = :p AND s <> :n"), "Invalid operator used in KeyConditionExpression: <>");
  EXPECT_EQ(query("p = :p AND attribute_exists(s) AND s = :n"),
            "Invalid operator used in KeyConditionExpression: attribute_exists");
  EXPECT_EQ(query("p > :p AND s = :n"), "Query key condition not supported");
  EXPECT_EQ(query("p = :n AND s = :p"),
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type");
  EXPECT_EQ(query("p = :p AND s = :n AND s < :n"),
            "KeyConditionExpressions must only contain one condition per key");
  EXPECT_EQ(
      query("p = :p AND s = :n", R"(,"FilterExpression":"s = :n")"),
      "Filter Expression can only contain non-primary key attributes: Primary key attribute: s");
  EXPECT_EQ(query("p = :p AND s = :n", R"(,"IndexName":"idx")"),
            "The table does not have the specified index: idx");
  EXPECT_EQ(query("p = :p AND s = :n", R"(,"ExclusiveStartKey":{"p":{"S":"a"}})"),
            "The provided starting key is invalid");
  EXPECT_EQ(query("p = :p AND s = :n", R"(,"ExclusiveStartKey":{"p":{"S":"a"},"s":{"N":"2"}})"),
            "The provided starting key does not match the range key predicate");
  EXPECT_EQ(query("p = :p AND s = :n", R"(,"Select":"SPECIFIC_ATTRIBUTES")"),
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
            "SPECIFIC_ATTRIBUTES");
  EXPECT_EQ(cloud.run("Query", R"({"TableName":"tab"})"),
            "ValidationException: Either the KeyConditions or KeyConditionExpression parameter "
            "must be specified in the request.");
}

TEST(Scan, PagesByMegabytesAndSegments) {
  Cloud cloud;
  cloud.make();
  for (int i = 0; i < 12; ++i) {
    cloud.put(fmt::format(R"({{"p":{{"S":"k{}"}},"s":{{"N":"{}"}},"v":{{"S":"{}"}}}})", i, i,
                          std::string(150'000, 'x')));
  }
  size_t seen = 0;
  size_t pages = 0;
  json::Object input = parse(R"({"TableName":"tab","ReturnConsumedCapacity":"TOTAL"})");
  for (;; ++pages) {
    auto out = cloud.ok("dynamodb", "Scan", input);
    seen += out.at("Items").as_array().size();
    if (pages == 0) {
      EXPECT_EQ(out.at("Items").as_array().size(), 7U);
      EXPECT_EQ(json::number_at(out.at("ConsumedCapacity").as_object(), "CapacityUnits"), 128.5);
    }
    if (!out.contains("LastEvaluatedKey")) break;
    input["ExclusiveStartKey"] = out.at("LastEvaluatedKey");
  }
  EXPECT_EQ(seen, 12U);
  EXPECT_EQ(pages, 1U);
  int64_t in_segments = 0;
  for (int segment = 0; segment < 3; ++segment) {
    const auto out = cloud.ok(
        "dynamodb", "Scan",
        parse(fmt::format(
            R"({{"TableName":"tab","Segment":{},"TotalSegments":3,"Select":"COUNT"}})", segment)));
    in_segments += json::int_at(out, "Count").value_or(0);
    EXPECT_FALSE(out.contains("Items"));
  }
  EXPECT_EQ(in_segments, 12);
  EXPECT_EQ(cloud.run("Scan", R"({"TableName":"tab","Segment":5,"TotalSegments":5})"),
            "ValidationException: The Segment parameter is zero-based and must be less than "
            "parameter TotalSegments: Segment: 5 is "
            "not less than TotalSegments: 5");
}

TEST(Batch, WritesAndReads) {
  Cloud cloud;
  cloud.make();
  EXPECT_EQ(
      cloud.run("BatchWriteItem", R"({"ReturnConsumedCapacity":"TOTAL","RequestItems":{"tab":[
      {"PutRequest":{"Item":{"p":{"S":"a"},"s":{"N":"1"},"v":{"S":"x"}}}},{"PutRequest":{"Item":{"p":{"S":"a"},"s":{"N":"2"}}}},
      {"DeleteRequest":{"Key":{"p":{"S":"z"},"s":{"N":"1"}}}}]}})"),
      R"({"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"tab","CapacityUnits":3E0}]})");
  EXPECT_EQ(
      cloud.run(
          "BatchGetItem",
          R"({"RequestItems":{"tab":{"Keys":[{"p":{"S":"a"},"s":{"N":"1"}},{"p":{"S":"a"},"s":{"N":"9"}}],
      "ProjectionExpression":"v"}}})"),
      R"({"Responses":{"tab":[{"v":{"S":"x"}}]},"UnprocessedKeys":{}})");
  EXPECT_EQ(
      cloud.run(
          "BatchGetItem",
          R"({"RequestItems":{"tab":{"Keys":[{"p":{"S":"a"},"s":{"N":"1"}},{"p":{"S":"a"},"s":{"N":"1.0"}}]}}})"),
      "ValidationException: Provided list of item keys contains duplicates");
  EXPECT_EQ(
      cloud.run("BatchWriteItem",
                R"({"RequestItems":{"tab":[{"PutRequest":{"Item":{"p":{"S":"a"},"s":{"N":"1"}}}},
      {"DeleteRequest":{"Key":{"p":{"S":"a"},"s":{"N":"1"}}}}]}})"),
      "ValidationException: Provided list of item keys contains duplicates");
  EXPECT_EQ(cloud.run("BatchWriteItem",
                      R"({"RequestItems":{"tab":[{"PutRequest":{"Item":{"p":{"S":"a"}}}}]}})"),
            "ValidationException: The provided key element does not match the schema");
  EXPECT_EQ(cloud.run("BatchWriteItem", R"({"RequestItems":{}})"),
            "ValidationException: The requestItems parameter is required for BatchWriteItem");
  std::string many;
  for (int i = 0; i < 26; ++i)
    many += fmt::format(R"({}{{"PutRequest":{{"Item":{{"p":{{"S":"a"}},"s":{{"N":"{}"}}}}}}}})",
                        i > 0 ? "," : "", i);
  EXPECT_EQ(cloud.run("BatchWriteItem", fmt::format(R"({{"RequestItems":{{"tab":[{}]}}}})", many)),
            "ValidationException: Too many items requested for the BatchWriteItem call");
}

}  // namespace
}  // namespace dew::dynamodb
