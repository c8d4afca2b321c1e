#include "store/key.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"

namespace dew::store {
namespace {

TEST(Key, GoldenBytes) {
  EXPECT_EQ(hex_encode(Key("s3").add("a").str()),
            "733300016100"
            "01");
  EXPECT_EQ(hex_encode(Key().add(uint64_t{258}).str()), "0000000000000102");
  EXPECT_EQ(hex_encode(Key(std::string_view("a\0b", 3)).str()), "6100ff620001");
}

TEST(Key, ReadsBackWhatWasWritten) {
  const auto key = Key("x").add(std::string_view("\0\xff\0", 3)).add(uint64_t{7}).add("").str();
  KeyReader reader(key);
  EXPECT_EQ(reader.text(), "x");
  EXPECT_EQ(reader.text(), std::string("\0\xff\0", 3));
  EXPECT_EQ(reader.number(), 7u);
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.text(), std::nullopt);
}

TEST(Key, BytesOrderAsTuples) {
  std::mt19937 random(1);
  const auto text = [&] {
    std::string out(random() % 4, '\0');
    for (char& c : out)
      c = static_cast<char>(random() % 3 == 0 ? 0 : random() % 2 == 0 ? 255 : 1 + random() % 3);
    return out;
  };
  for (int i = 0; i < 20000; ++i) {
    const auto a = std::pair(text(), text());
    const auto b = std::pair(text(), text());
    ASSERT_EQ(a < b, Key(a.first).add(a.second).str() < Key(b.first).add(b.second).str());
  }
}

TEST(Key, PrefixEndBoundsTheTuplesBelow) {
  const Key prefix = Key("ssm").add("p");
  const auto end = prefix.prefix_end();
  EXPECT_LT(Key("ssm").add("p").add("\xff\xff").str(), end);
  EXPECT_GT(Key("ssm").add("q").str(), end);
  EXPECT_EQ(Key().add_raw("\xff\xff").prefix_end(), "");
}

}  // namespace
}  // namespace dew::store
