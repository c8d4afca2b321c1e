#include "services/dynamodb/number.h"

#include <gtest/gtest.h>

#include <random>

namespace dew::dynamodb {
namespace {

std::string canonical(std::string_view text) {
  const auto number = Number::parse(text);
  return number ? number->to_string() : message(number.error(), text);
}

std::string ordered(const Number& number) {
  std::string out;
  number.append_ordered(out);
  return out;
}

Number number(std::string_view text) { return Number::parse(text).value(); }

TEST(Number, IsRenderedPlainly) {
  const std::string nines(38, '9');
  const std::pair<std::string, std::string> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0.000", "0"},
      {"00042", "42"},
      {"1.0", "1"},
      {"3.1400", "3.14"},
      {"1.5E2", "150"},
      {"1e-3", "0.001"},
      {"-12.50", "-12.5"},
      {"+7", "7"},
      {".5", "0.5"},
      {"5.", "5"},
      {"100", "100"},
      {"0e999999", "0"},
      {nines, nines},
      {"1E+125", "1" + std::string(125, '0')},
      {"1E-130", "0." + std::string(129, '0') + "1"},
      {"1" + std::string(50, '0'), "1" + std::string(50, '0')},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(canonical(text), wanted) << text;
}

TEST(Number, RefusesWhatDynamoDbRefuses) {
  for (const char* text : {"", "a", "1a", "--1", "1e", "1e+", ".", "-", "1.2.3", " 1", "1 ", "NaN",
                           "Infinity", "0x1"}) {
    EXPECT_EQ(Number::parse(text).error(), NumberError::kMalformed) << text;
  }
  EXPECT_EQ(canonical("b"), "The parameter cannot be converted to a numeric value: b");
  EXPECT_EQ(canonical(""), "The parameter cannot be converted to a numeric value");
  EXPECT_EQ(
      canonical("1e126"),
      "Number overflow. Attempting to store a number with magnitude larger than supported range");
  EXPECT_EQ(
      canonical("-1e-131"),
      "Number underflow. Attempting to store a number with magnitude smaller than supported range");
  EXPECT_EQ(canonical("123456789012345678901234567890123456789"),
            "Attempting to store more than 38 significant digits in a Number");
  EXPECT_EQ(Number::parse("9." + std::string(37, '9') + "E125").has_value(), true);
}

TEST(Number, AddsExactly) {
  const std::tuple<const char*, const char*, const char*> sums[] = {
      {"0.1", "0.2", "0.3"},
      {"1", "-1", "0"},
      {"99", "1", "100"},
      {"1", "-0.0001", "0.9999"},
      {"-5", "2", "-3"},
      {"1e20", "1", "100000000000000000001"},
      {"-1.5", "-2.75", "-4.25"},
      {"99999999999999999999999999999999999999", "-99999999999999999999999999999999999998", "1"},
  };
  for (const auto& [a, b, sum] : sums) {
    EXPECT_EQ(number(a).plus(number(b))->to_string(), sum);
    EXPECT_EQ(number(b).plus(number(a))->to_string(), sum);
    EXPECT_EQ(number(sum).minus(number(b))->to_string(),
              a == std::string_view("1e20") ? "100000000000000000000" : a);
  }
  EXPECT_EQ(number("9E125").plus(number("1E125")).error(), NumberError::kOverflow);
  EXPECT_EQ(number("1E125").plus(number("1")).error(), NumberError::kTooManyDigits);
  EXPECT_EQ(number("99999999999999999999999999999999999999").plus(number("0.1")).error(),
            NumberError::kTooManyDigits);
}

TEST(Number, HasAwsSizes) {
  const std::pair<const char*, size_t> sizes[] = {{"0", 1},   {"1", 2},    {"10", 2},
                                                  {"12", 2},  {"123", 3},  {"-1", 3},
                                                  {"1.2", 3}, {"0.12", 2}, {"1000", 2}};
  for (const auto& [text, size] : sizes) EXPECT_EQ(number(text).stored_bytes(), size) << text;
}

TEST(Number, OrdersAsItsBytesDo) {
  std::mt19937_64 random(7);
  std::vector<Number> numbers = {Number()};
  for (int i = 0; i < 2000; ++i) {
    std::string text = random() % 2 == 0 ? "-" : "";
    const auto digits = 1 + random() % 38;
    for (size_t k = 0; k < digits; ++k) text += static_cast<char>('0' + random() % 10);
    text += "e" + std::to_string(static_cast<int>(random() % 180) - 140);
    if (const auto parsed = Number::parse(text)) numbers.push_back(*parsed);
  }
  for (const char* text : {"1", "10", "1.1", "-1", "-10", "-1.1", "1E-130", "-1E-130", "9E125"})
    numbers.push_back(number(text));
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Number& a = numbers[i];
    const Number& b = numbers[random() % numbers.size()];
    EXPECT_EQ(a <=> b, ordered(a).compare(ordered(b)) <=> 0)
        << a.to_string() << " " << b.to_string();
    EXPECT_EQ(canonical(a.to_string()), a.to_string());
    std::string bytes = ordered(a) + "tail";
    std::string_view rest = bytes;
    Number back;
    ASSERT_TRUE(Number::read_ordered(rest, back));
    EXPECT_EQ(back, a);
    EXPECT_EQ(rest, "tail");
    if (const auto sum = a.plus(b)) {
      if (const auto again = sum->minus(b)) EXPECT_EQ(*again, a);
    }
  }
}

TEST(Number, HasTheseOrderedBytes) {
  EXPECT_EQ(ordered(Number()), "\x02");
  EXPECT_EQ(ordered(number("1")), std::string("\x03\x82\x0b\x00", 4));
  EXPECT_EQ(ordered(number("-1")), std::string("\x01\x7d\xf4\xff", 4));
  EXPECT_EQ(ordered(number("12.3")), std::string("\x03\x83\x0d\x1f\x00", 5));
}

}  // namespace
}  // namespace dew::dynamodb
