#include "services/lambda/layers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "services/lambda/draw.h"

namespace dew::lambda {
namespace {

namespace fs = std::filesystem;

TEST(LayerArn, IsTakenApart) {
  const auto arn = parse_layer_arn("arn:aws:lambda:eu-west-1:123456789012:layer:libs:7");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->region, "eu-west-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->name, "libs");
  EXPECT_EQ(arn->version, 7U);
  EXPECT_FALSE(parse_layer_arn("arn:aws:lambda:eu-west-1:123456789012:layer:libs")->version);
  EXPECT_EQ(layer_arn("eu-west-1", "123456789012", "libs", 7),
            "arn:aws:lambda:eu-west-1:123456789012:layer:libs:7");
  for (const char* bad :
       {"", "libs", "arn:aws:lambda:r:1:function:f", "arn:aws:lambda:r:1:layer:",
        "arn:aws:lambda:r:1", "arn:aws:lambda:r:1:layer:l:", "arn:aws:lambda:r:1:layer:l:x",
        "arn:aws:lambda:r:1:layer:l:1:2", "arn:aws:lambda:r:1:layer:l:99999999999999999999"}) {
    EXPECT_FALSE(parse_layer_arn(bad)) << bad;
  }
}

TEST(LayerRecord, GoesThereAndBack) {
  LayerRecord record{.name = "libs", .next_version = 4, .versions = {}};
  LayerVersion& version = record.versions[3];
  version.number = 3;
  version.description = "d";
  version.license = "MIT";
  version.created = "2026-01-31T12:34:56.789+0000";
  version.runtimes = {"python3.12", "nodejs22.x"};
  version.architectures = {"arm64"};
  version.code_id = "ab";
  version.code_sha256 = "q+";
  version.code_size = 12;
  version.policy.revision_id = "r";
  version.policy.statements.push_back(statement_from_json(
      json::Object{{"Sid", "s"}, {"Effect", "Allow"}, {"Principal", "*"}, {"Action", "a"}}));
  const auto back = layer_from_json(to_json(record));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(record));
  EXPECT_EQ(back->versions.at(3).policy.statements.at(0).id, "s");
  EXPECT_FALSE(layer_from_json("{}"));
}

class Merging : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("dew-layers-" + std::to_string(::getpid()));
    fs::remove_all(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  // An unpacked archive, as add() leaves one.
  void unpacked(const std::string& id, const std::map<std::string, std::string>& files) {
    for (const auto& [name, text] : files) {
      fs::create_directories((directory_ / id / name).parent_path());
      std::ofstream(directory_ / id / name) << text;
    }
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path directory_;
};

TEST_F(Merging, TheLaterLayerWins) {
  CodeStore store(directory_.string());
  unpacked("one", {{"lib/a", "1"}, {"lib/b", "1"}, {"file", "1"}, {"folder/x", "1"}});
  unpacked("two", {{"lib/b", "2"}, {"file/inside", "2"}, {"folder", "2"}});
  const auto merged = store.merged({"one", "two"});
  ASSERT_NE(merged, nullptr);
  const fs::path root = merged->path;
  EXPECT_EQ(read(root / "lib/a"), "1");
  EXPECT_EQ(read(root / "lib/b"), "2");
  EXPECT_EQ(read(root / "file/inside"), "2");
  EXPECT_EQ(read(root / "folder"), "2");
  EXPECT_EQ(read(directory_ / "one/lib/b"), "1");  // its own tree is as it was
  EXPECT_EQ(unpacked_bytes(*merged), 4U);
  // The order makes another directory; the same order the same one, which outlives its parts.
  EXPECT_NE(store.merged({"two", "one"})->path, merged->path);
  EXPECT_EQ(store.merged({"one", "two"}), merged);
  store.collect({});
  EXPECT_FALSE(fs::exists(directory_ / "one"));
  EXPECT_EQ(read(root / "lib/a"), "1");
}

TEST_F(Merging, OneLayerIsItselfAndNoneIsNothing) {
  CodeStore store(directory_.string());
  unpacked("one", {{"a", "1"}});
  EXPECT_EQ(store.merged({"one"})->path, (directory_ / "one").string());
  EXPECT_EQ(store.merged({}), nullptr);
  EXPECT_EQ(store.merged({"one", "gone"}), nullptr);
}

TEST(Draw, FollowsTheWeight) {
  for (const double share : {0.0, 0.05, 0.3, 0.5, 0.9, 1.0}) {
    Draw draw(20260131);
    int hits = 0;
    constexpr int kDraws = 10'000;
    for (int i = 0; i < kDraws; ++i) hits += draw.hit(share) ? 1 : 0;
    EXPECT_NEAR(hits / double{kDraws}, share, 0.01) << share;
  }
}

}  // namespace
}  // namespace dew::lambda
