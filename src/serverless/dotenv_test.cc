#include "serverless/dotenv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace dew::serverless {
namespace {

using testing::ElementsAre;
using testing::Pair;

const EnvLookup kNothing = [](std::string_view) { return std::nullopt; };

TEST(Dotenv, Syntax) {
  EXPECT_THAT(
      parse_dotenv("A=1\n  B = two words  \nexport C=3\n# comment\n\nD='single "
                   "#x'\nE=\"a\\nb\"\nF=`back`\nG=v # comment\n"
                   "H=\nI: yaml\nnot a line\nJ=\"multi\nline\"\nK='it'\r\nL=a#b\nA=again\n"),
      ElementsAre(Pair("A", "again"), Pair("B", "two words"), Pair("C", "3"),
                  Pair("D", "single #x"), Pair("E", "a\nb"), Pair("F", "back"), Pair("G", "v"),
                  Pair("H", ""), Pair("I", "yaml"), Pair("J", "multi\nline"), Pair("K", "it"),
                  Pair("L", "a")));
  EXPECT_THAT(parse_dotenv("A=\"unclosed\nB=2"),
              ElementsAre(Pair("A", "\"unclosed"), Pair("B", "2")));
}

TEST(Dotenv, Expansion) {
  EnvPairs pairs = parse_dotenv(
      "HOST=db\nURL=http://$HOST:${PORT:-80}/"
      "${NONE}\nRAW=\\$HOST\nSET=file\nSELF=${SELF}x\nDEEP=${A:-${B:-c}}\n");
  expand_dotenv(pairs, [](std::string_view name) -> std::optional<std::string> {
    return name == "SET" ? std::optional<std::string>("process") : std::nullopt;
  });
  EXPECT_THAT(pairs,
              ElementsAre(Pair("HOST", "db"), Pair("URL", "http://db:80/"), Pair("RAW", "$HOST"),
                          Pair("SET", "process"), Pair("SELF", "x"), Pair("DEEP", "c")));
}

TEST(Dotenv, EarlierFilesWin) {
  std::string path = "/tmp/dew-dotenv-XXXXXX";
  ASSERT_TRUE(mkdtemp(path.data()));
  std::ofstream(path + "/.env") << "A=base\nB=base\nC=$A\n";
  std::ofstream(path + "/.env.dev") << "A=dev\n";
  std::ofstream(path + "/.env.local") << "B=local\n";
  const auto pairs = load_dotenv(path, plugin_file_names("dev"), kNothing);
  ASSERT_TRUE(pairs);
  EXPECT_THAT(*pairs, ElementsAre(Pair("A", "dev"), Pair("B", "local"), Pair("C", "dev")));
  std::filesystem::remove_all(path);
}

TEST(Dotenv, FileNames) {
  EXPECT_THAT(plugin_file_names("dev"),
              ElementsAre(".env.dev.local", ".env.dev", ".env.local", ".env"));
  EXPECT_THAT(plugin_file_names("test"), ElementsAre(".env.test.local", ".env.test", ".env"));
}

}  // namespace
}  // namespace dew::serverless
