#include "cli/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace dew::cli {
namespace {

using testing::UnorderedElementsAre;

constexpr std::chrono::milliseconds kQuiet{10};

class WatcherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/dew-watcher-XXXXXX";
    ASSERT_TRUE(mkdtemp(path.data()));
    root_ = path;
    std::filesystem::create_directories(root_ + "/src");
    std::filesystem::create_directories(root_ + "/node_modules/x");
    auto watcher = Watcher::start(root_);
    ASSERT_TRUE(watcher);
    watcher_ = std::move(*watcher);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& name) { std::ofstream(root_ + "/" + name) << "x"; }
  std::vector<std::string> changes() {
    auto out = watcher_->changes(kQuiet);
    for (auto& path : out) path.erase(0, root_.size() + 1);
    return out;
  }

  std::string root_;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatcherTest, SeesWhatPeopleEdit) {
  write("serverless.yml");
  write("src/a.js");
  EXPECT_THAT(changes(), UnorderedElementsAre("serverless.yml", "src/a.js"));
  EXPECT_TRUE(changes().empty());
  std::filesystem::remove(root_ + "/src/a.js");
  EXPECT_THAT(changes(), UnorderedElementsAre("src/a.js"));
}

TEST_F(WatcherTest, IgnoresWhatMachinesWrite) {
  write("node_modules/x/y.js");
  write("src/a.js.swp");
  write("src/a.js~");
  std::filesystem::create_directory(root_ + "/.serverless");
  write(".serverless/x.zip");
  std::filesystem::create_directory(root_ + "/build");
  write("build/out.o");
  EXPECT_TRUE(changes().empty());
}

TEST_F(WatcherTest, FollowsNewDirectories) {
  std::filesystem::create_directory(root_ + "/lib");
  EXPECT_THAT(changes(), UnorderedElementsAre("lib"));
  write("lib/b.py");
  EXPECT_THAT(changes(), UnorderedElementsAre("lib/b.py"));
}

TEST_F(WatcherTest, FilesOutside) {
  std::string outside = "/tmp/dew-outside-XXXXXX";
  ASSERT_TRUE(mkdtemp(outside.data()));
  watcher_->add_file(outside + "/config.yml");
  std::ofstream(outside + "/other.yml") << "x";
  EXPECT_TRUE(watcher_->changes(kQuiet).empty());
  std::ofstream(outside + "/config.yml") << "x";
  EXPECT_THAT(watcher_->changes(kQuiet), UnorderedElementsAre(outside + "/config.yml"));
  std::filesystem::remove_all(outside);
}

}  // namespace
}  // namespace dew::cli
