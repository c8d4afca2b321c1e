// The stored forms, byte for byte (docs/formats/dynamodb-items.md), and the wire's form.
#include <gtest/gtest.h>

#include "aws/model.h"
#include "aws/wire_json.h"
#include "base/encoding.h"
#include "services/dynamodb/item_codec.h"
#include "services/dynamodb/key_codec.h"
#include "services/dynamodb/wire.h"

namespace dew::dynamodb {
namespace {

Item item(std::string_view text) {
  auto out = read_item(json::parse(text)->as_object());
  EXPECT_TRUE(out.has_value()) << out.error();
  return *out;
}

constexpr std::string_view kEverything =
    R"({"b":{"B":"xyz"},"f":{"BOOL":false},"l":{"L":[{"N":"1"},{"L":[]}]},"m":{"M":{"x":{"S":"y"}}},
        "n":{"N":"-12.5"},"ns":{"NS":["10","9"]},"s":{"S":"hi"},"ss":{"SS":["b","a"]},"t":{"BOOL":true},
        "z":{"NULL":true}})";

TEST(ItemCodec, HasTheseBytes) {
  const Item value = item(kEverything);
  EXPECT_EQ(item_size(value), 46U);
  EXPECT_EQ(hex_encode(encode_item(value, item_size(value))),
            "012e"
            "0a"
            "0162"
            "03"
            "0378797a"
            "0166"
            "0a"
            "016c"
            "08"
            "02"
            "02"
            "0131"
            "08"
            "00"
            "016d"
            "07"
            "01"
            "0178"
            "01"
            "0179"
            "016e"
            "02"
            "052d31322e35"
            "026e73"
            "05"
            "02"
            "0139"
            "023130"
            "0173"
            "01"
            "026869"
            "027373"
            "04"
            "02"
            "0161"
            "0162"
            "0174"
            "0b"
            "017a"
            "09");
}

TEST(ItemCodec, ReadsBackBothWays) {
  const Item value = item(kEverything);
  const std::string bytes = encode_item(value, 77);
  EXPECT_EQ(decode_item(bytes).value(), value);
  EXPECT_EQ(decode_item_size(bytes).value(), 77U);
  EXPECT_EQ(decode_item_to_wire(bytes).value(), write_item(value));
  EXPECT_EQ(read_item(write_item(value)).value(), value);

  std::string text;
  ASSERT_TRUE(append_item_json(bytes, text).has_value());
  const auto* get_item = aws::service_model("dynamodb")->operation("GetItem");
  std::string rendered;
  aws::to_wire_json(get_item->output, json::Object{{"Item", write_item(value)}}, rendered);
  EXPECT_EQ(rendered, R"({"Item":)" + text + "}");
}

TEST(ItemCodec, RefusesDamage) {
  const Item value = item(kEverything);
  const std::string bytes = encode_item(value, 61);
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(decode_item(bytes.substr(0, length)).has_value());
  EXPECT_FALSE(decode_item(bytes + "x").has_value());
}

TEST(KeyCodec, HasTheseBytes) {
  const Value partition = Value::string(std::string("a\0b", 3));
  const Value sort = Value::number(Number::parse("1").value());
  EXPECT_EQ(hex_encode(item_key(5, partition, &sort)),
            "64796e616d6f6462"
            "0001"
            "69"
            "0001"
            "0000000000000005"
            "a080504a35199708"
            "6100ff62"
            "0001"
            "03820b00");
}

TEST(KeyCodec, KeepsPartitionsTogetherInOrder) {
  const Value partition = Value::string("p");
  const std::string prefix = partition_prefix(1, partition);
  std::string previous = prefix;
  for (const std::string& text :
       {std::string("\0", 1), std::string("\0\0", 2), std::string("\0\1", 2), std::string("\1"),
        std::string("a"), std::string("a\0", 2), std::string("aa"), std::string("b"),
        std::string("\xff"), std::string("\xff\xff")}) {
    const Value sort = Value::string(text);
    const std::string key = item_key(1, partition, &sort);
    EXPECT_TRUE(key.starts_with(prefix));
    EXPECT_LT(previous, key);
    EXPECT_LT(key, prefix_end(prefix));
    previous = key;
  }
}

TEST(KeyCodec, CutsTheTableIntoSegments) {
  for (const uint64_t total : {1U, 2U, 3U, 7U, 1000U}) {
    for (int i = 0; i < 50; ++i) {
      const std::string key = item_key(9, Value::string(std::to_string(i)), nullptr);
      size_t in = 0;
      for (uint64_t segment = 0; segment < total; ++segment)
        in += segment_range(9, segment, total).contains(key) ? 1 : 0;
      EXPECT_EQ(in, 1U);
    }
  }
  EXPECT_EQ(segment_range(9, 0, 4).begin, table_range(9).begin);
  EXPECT_EQ(segment_range(9, 3, 4).end, table_range(9).end);
}

std::string refusal(std::string_view text) {
  const auto value = read_value(*json::parse(text));
  return value ? "" : value.error();
}

TEST(Wire, RefusesInAwsWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"{}",
       "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"},
      {R"({"S":"a","N":"1"})",
       "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
       "supported datatypes"},
      {R"({"S":"a","N":"b"})", "The parameter cannot be converted to a numeric value: b"},
      {R"({"NULL":false})",
       "One or more parameter values were invalid: Null attribute value types must have the value "
       "of true"},
      {R"({"SS":[]})",
       "One or more parameter values were invalid: An string set  may not be empty"},
      {R"({"NS":[]})",
       "One or more parameter values were invalid: An number set  may not be empty"},
      {R"({"BS":[]})",
       "One or more parameter values were invalid: Binary sets should not be empty"},
      {R"({"SS":["a","a"]})",
       "One or more parameter values were invalid: Input collection [a, a] contains duplicates."},
      {R"({"BS":["b","b"]})",
       "One or more parameter values were invalid: Input collection [Yg==, Yg==]of type BS "
       "contains duplicates."},
      {R"({"NS":["1","1.0"]})", "Input collection contains duplicates"},
      {R"({"L":[{"M":{"x":{"N":""}}}]})", "The parameter cannot be converted to a numeric value"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(refusal(text), wanted) << text;
}

TEST(Wire, AllowsThirtyTwoLevels) {
  const auto nested = [](int wraps) {
    std::string text = R"({"S":"x"})";
    for (int i = 0; i < wraps; ++i) text = fmt::format(R"({{"L":[{}]}})", text);
    return text;
  };
  EXPECT_EQ(refusal(nested(31)), "");
  EXPECT_TRUE(refusal(nested(32)).starts_with("Nesting Levels have exceeded supported limits"));
}

}  // namespace
}  // namespace dew::dynamodb
