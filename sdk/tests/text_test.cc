#include <dew/encoding.h>
#include <dew/sanitize.h>
#include <dew/uuid.h>
#include <gtest/gtest.h>

#include <set>

namespace dew {
namespace {

TEST(Encoding, Base64OfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
  EXPECT_EQ(base64url_encode("\xff\xef\xfe"), "_-_-");
  for (const std::string_view bad : {"Zg", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Zm 9"})
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  for (const std::string_view bad : {"Zh", "Z", "Zg==", "+/+/"})
    EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
}

TEST(Encoding, PercentEncoding) {
  EXPECT_EQ(percent_encode("a b/c~é"), "a%20b%2Fc~%C3%A9");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
  EXPECT_EQ(percent_decode("a%20b%2f%C3%A9%zz%4"), "a b/é%zz%4");
}

TEST(Uuid, IsRandomAndVersion4) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = uuid4();
    ASSERT_TRUE(is_uuid(id));
    ASSERT_EQ(id[14], '4');
    ASSERT_NE(std::string("89ab").find(id[19]), std::string::npos);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_FALSE(is_uuid("123"));
  EXPECT_FALSE(is_uuid("123e4567-e89b-12d3-a456-42661417400g"));
}

TEST(Sanitize, StripsScripts) {
  EXPECT_EQ(strip_script_tags("Ada <b>L</b>"), "Ada <b>L</b>");
  EXPECT_EQ(strip_script_tags("Ada<script>alert(1)</script> L"), "Ada L");
  EXPECT_EQ(strip_script_tags("a<SCRIPT src='x'>y</ScRiPt foo>b"), "ab");
  EXPECT_EQ(strip_script_tags("a<script"), "a");
  EXPECT_EQ(strip_script_tags("a</script>b"), "ab");
  EXPECT_EQ(strip_script_tags("a<script>b"), "ab");
  EXPECT_EQ(strip_script_tags("<scr<script></script>ipt>alert(1)</script>x"), "x");
  EXPECT_EQ(strip_script_tags("<scripty>"), "<scripty>");
  EXPECT_EQ(strip_script_tags("1 < 2"), "1 < 2");
  std::string nested = "x";
  for (int i = 0; i < 100; ++i) nested = "<scr" + nested + "ipt>";
  EXPECT_EQ(strip_script_tags(nested).find("<script"), std::string::npos);
  std::string hostile;
  for (int i = 0; i < 200'000; ++i) hostile += "<script>";
  EXPECT_EQ(strip_script_tags(hostile), "");
}

TEST(Sanitize, Trims) {
  EXPECT_EQ(trim(" \t a b\n"), "a b");
  EXPECT_EQ(trim("  "), "");
}

}  // namespace
}  // namespace dew
