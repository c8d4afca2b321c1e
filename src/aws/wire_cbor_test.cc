#include "aws/wire_cbor.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace dew::aws {
namespace {

std::string bytes(std::string_view hex) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return out;
}

TEST(Cbor, ReadsTheExamplesOfItsSpecification) {
  // RFC 8949, appendix A.
  const std::pair<const char*, const char*> cases[] = {
      {"00", "0"},
      {"1818", "24"},
      {"1903e8", "1000"},
      {"1bffffffffffffffff", "18446744073709551615"},
      {"29", "-10"},
      {"3903e7", "-1000"},
      {"f90000", "0E0"},
      {"f93c00", "1E0"},
      {"fb3ff199999999999a", "1.1E0"},
      {"f97bff", "6.5504E4"},
      {"fa47c35000", "1E5"},
      {"f90001", "5.960464477539063E-8"},
      {"f9c400", "-4E0"},
      {"f4", "false"},
      {"f6", "null"},
      {"f7", "null"},
      {"c11a514b67b0", "1363896240"},
      {"c1fb41d452d9ec200000", "1.3638962405E9"},
      {"4401020304", "\"\\u0001\\u0002\\u0003\\u0004\""},
      {"6161", "\"a\""},
      {"83010203", "[1,2,3]"},
      {"a26161016162820203", R"({"a":1,"b":[2,3]})"},
      {"5f42010243030405ff", "\"\\u0001\\u0002\\u0003\\u0004\\u0005\""},
      {"7f657374726561646d696e67ff", "\"streaming\""},
      {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
      {"bf61610161629f0203ffff", R"({"a":1,"b":[2,3]})"},
  };
  for (const auto& [hex, expected] : cases) {
    const auto value = parse_cbor(bytes(hex));
    ASSERT_TRUE(value) << hex;
    EXPECT_EQ(json::dump(*value), expected) << hex;
  }
}

TEST(Cbor, RefusesWhatIsNone) {
  for (const auto* hex :
       {"", "18", "6261", "82 01", "a1", "a10101", "c001", "c249010000000000000000", "1c", "ff",
        "3bffffffffffffffff", "0000", "5f6161ff", "9b7fffffffffffffff", "5b7fffffffffffffff"})
    EXPECT_FALSE(parse_cbor(bytes(hex))) << hex;
  EXPECT_FALSE(parse_cbor(std::string(10'000, '\x81')));
}

TEST(Cbor, KeepsWhatTheModelKnows) {
  const auto& operation = *service_model("cloudwatch")->operation("PutMetricData");
  json::Value input =
      json::Object{{"Namespace", "n"},
                   {"Unknown", 1},
                   {"MetricData", json::Array{json::Object{{"MetricName", "m"},
                                                           {"Timestamp", 1.5},
                                                           {"Value", 3},
                                                           {"StorageResolution", 60.0},
                                                           {"Unit", nullptr}}}}};
  ASSERT_TRUE(from_wire_cbor(operation.input, input));
  EXPECT_FALSE(input.as_object().contains("Unknown"));
  std::string wire;
  to_wire_cbor(operation.input, input, wire);
  auto again = parse_cbor(wire);
  ASSERT_TRUE(again && from_wire_cbor(operation.input, *again));
  EXPECT_EQ(json::dump(*again),
            R"({"Namespace":"n","MetricData":[{"MetricName":"m","Timestamp":1.5E0,"Value":3E0,)"
            R"("StorageResolution":60}]})");
  json::Value wrong = json::Object{{"Namespace", 1}};
  EXPECT_FALSE(from_wire_cbor(operation.input, wrong));
}

}  // namespace
}  // namespace dew::aws
