#include <gtest/gtest.h>

#include "cli/launcher.h"
#include "cli/process.h"

namespace dew::cli {
namespace {

int run_line(std::vector<std::string> arguments, int* launched = nullptr) {
  arguments.insert(arguments.begin(), "dew");
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  return run(static_cast<int>(argv.size()), argv.data(),
             [&](const CloudOptions&) -> Result<std::unique_ptr<RunningCloud>> {
               if (launched) ++*launched;
               return fail(ErrorKind::kUnavailable, "no cloud in this test");
             });
}

TEST(CommandLine, Usage) {
  EXPECT_EQ(run_line({}), 2);
  EXPECT_EQ(run_line({"nope"}), 2);
  EXPECT_EQ(run_line({"serve", "--port", "x"}), 2);
  EXPECT_EQ(run_line({"serve", "--log-level", "loud"}), 2);
  EXPECT_EQ(run_line({"exec"}), 2);
  EXPECT_EQ(run_line({"exec", "a", "b", "--", "true"}), 2);
  EXPECT_EQ(run_line({"token"}), 2);
  EXPECT_EQ(run_line({"invoke"}), 2);
  EXPECT_EQ(run_line({"--version"}), 0);
  EXPECT_EQ(run_line({"up", "--help"}), 0);
}

TEST(CommandLine, ExecTakesWhatFollowsTheDashes) {
  int launched = 0;
  // Everything behind -- is the command's, whatever it looks like.
  EXPECT_EQ(run_line({"exec", "/nonexistent", "--", "prog", "--help", "--", "-x"}, &launched), 1);
  EXPECT_EQ(launched, 1);
}

TEST(Process, StatusAndEnvironment) {
  EXPECT_EQ(run_shell("exit 7"), 7);
  EXPECT_EQ(run_shell("kill -9 $$"), 137);
  RunOptions options;
  options.environment = {{"DEW_TEST_VALUE", "a b"}};
  options.directory = "/";
  EXPECT_EQ(run_shell("test \"$DEW_TEST_VALUE\" = 'a b' && test $PWD = /", options), 0);
  EXPECT_FALSE(run_program({"/nonexistent/program"}));
}

}  // namespace
}  // namespace dew::cli
