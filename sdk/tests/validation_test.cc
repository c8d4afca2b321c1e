#include <dew/validation.h>
#include <gtest/gtest.h>

namespace dew::validation {
namespace {

const Schema& user() {
  static const Schema schema{string("name").required().length(2, 100),
                             string("email").required().email(), integer("age").range(0, 120),
                             string("phone").e164()};
  return schema;
}

std::string faults(std::string_view text) {
  std::string out;
  for (const auto& [field, message] : user().check(json::parse(text).as_object()))
    out += field + ": " + message + "; ";
  return out;
}

TEST(Validation, NamesEveryFieldAtFault) {
  EXPECT_EQ(faults(R"({"name":"Ada","email":"ada@example.com","age":36,"phone":"+14155550100"})"),
            "");
  EXPECT_EQ(faults(R"({"name":"Ada","email":"ada@example.com","age":null})"), "");
  EXPECT_EQ(faults("{}"), "name: is required; email: is required; ");
  EXPECT_EQ(faults(R"({"name":"A","email":"x","age":121,"phone":"1"})"),
            "name: must be 2 to 100 characters long; email: must be an email address; age: must be "
            "an integer between 0 and 120; "
            "phone: must be a phone number in E.164 form, like +14155550100; ");
  EXPECT_EQ(
      faults(R"({"name":1,"email":null,"age":"36"})"),
      "name: must be a string; email: is required; age: must be an integer between 0 and 120; ");
}

TEST(Validation, TakesIntegersAsJsonSpellsThem) {
  for (const char* good : {"0", "120", "36.0", "1e2"})
    EXPECT_EQ(faults(R"({"name":"Ada","email":"a@b.co","age":)" + std::string(good) + "}"), "")
        << good;
  for (const char* bad : {"-1", "121", "1.5", "1e400", "true", "[]", "18446744073709551615"}) {
    json::error_code ec;
    const json::value value =
        json::parse(R"({"name":"Ada","email":"a@b.co","age":)" + std::string(bad) + "}", ec);
    if (ec) continue;
    EXPECT_FALSE(user().check(value.as_object()).empty()) << bad;
  }
}

TEST(Validation, CountsCodePoints) {
  EXPECT_EQ(code_points("ü😀"), 2U);
  EXPECT_EQ(faults(R"({"name":"😀","email":"a@b.co"})"),
            "name: must be 2 to 100 characters long; ");
  std::string hundred;
  for (int i = 0; i < 100; ++i) hundred += "ü";
  EXPECT_EQ(faults(R"({"name":")" + hundred + R"(","email":"a@b.co"})"), "");
}

TEST(Validation, KnowsEmailAndPhone) {
  for (const char* good : {"a@b.co", "first.last+tag@sub.example.org", "x_y-z@a-b.io"})
    EXPECT_TRUE(is_email(good)) << good;
  for (const char* bad : {"", "a", "@b.co", "a@", "a@b", "a@b..co", "a@-b.co", "a b@c.de",
                          "a@b.co\n", ".a@b.co", "a..b@c.de", "a@b@c.de", "ä@b.co"}) {
    EXPECT_FALSE(is_email(bad)) << bad;
  }
  for (const char* good : {"+14155550100", "+442071838750", "+12"})
    EXPECT_TRUE(is_e164(good)) << good;
  for (const char* bad : {"", "+", "14155550100", "+0123", "+1415555010012345", "+1 415", "+1"})
    EXPECT_FALSE(is_e164(bad)) << bad;
}

}  // namespace
}  // namespace dew::validation
