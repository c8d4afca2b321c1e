#include "serverless/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "serverless/glob.h"

namespace dew::serverless {
namespace {

using testing::ElementsAre;

struct GlobCase {
  const char* pattern;
  const char* path;
  bool matches;
};

TEST(Glob, Matches) {
  const GlobCase cases[] = {
      {"**", "a/b/c", true},
      {"*", "a", true},
      {"*", ".a", true},
      {"*", "a/b", false},
      {"**/*.js", "x.js", true},
      {"**/*.js", "a/b/x.js", true},
      {"src/**", "src/a/b", true},
      {"src/**", "src2/a", false},
      {"src/**/x", "src/x", true},
      {"src/**/x", "src/a/b/x", true},
      {"src/*/x", "src/a/b/x", false},
      {"./bootstrap", "bootstrap", true},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"[ab]c", "bc", true},
      {"[!ab]c", "bc", false},
      {"{a,b/**}", "b/x", true},
      {"{a,b/**}", "c", false},
      {"file{1..3}.txt", "file2.txt", true},
      {"file{1..3}.txt", "file4.txt", false},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"node_modules/**", "node_modules/.bin/x", true},
      {"a**b", "axxb", true},
      {"a**b", "ax/xb", false},
  };
  for (const auto& test : cases) {
    const auto glob = Glob::parse(test.pattern);
    ASSERT_TRUE(glob) << test.pattern;
    EXPECT_EQ(glob->matches(test.path), test.matches) << test.pattern << " " << test.path;
  }
}

TEST(Glob, Refuses) {
  EXPECT_FALSE(Glob::parse("../x"));
  EXPECT_FALSE(Glob::parse("/etc/passwd"));
  EXPECT_FALSE(Glob::parse("!(a|b)"));
  EXPECT_FALSE(Glob::parse("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"));
  // Ends, although the pattern invites backtracking.
  const auto slow = Glob::parse("*a*a*a*a*a*a*a*a*a*a*a*b");
  ASSERT_TRUE(slow);
  EXPECT_FALSE(slow->matches(std::string(200, 'a')));
}

class Package : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/dew-package-XXXXXX";
    ASSERT_TRUE(mkdtemp(path.data()));
    directory_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& text = "x") {
    const auto path = std::filesystem::path(directory_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  Service load(const std::string& more) {
    write("serverless.yml",
          "service: demo\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions: {api: {handler: "
          "a.b}, two: {handler: a.b}}\n" +
              more);
    LoadOptions options;
    options.directory = directory_;
    auto service = load_service(options);
    EXPECT_TRUE(service) << service.error().message;
    return std::move(*service);
  }
  std::vector<std::string> names(const std::string& more, const std::string& function = "") {
    const auto files = package_files(load(more), function);
    if (!files) return {"error: " + files.error().message};
    std::vector<std::string> out;
    for (const auto& file : *files) out.push_back(file.name);
    return out;
  }

  std::string directory_;
};

TEST_F(Package, DefaultsAndPatterns) {
  for (const auto* name :
       {"index.js", "lib/a.js", "lib/a.test.js", ".git/config", ".gitignore", ".serverless/x.zip",
        ".dew/data", "build/bootstrap", "build/CMakeCache.txt", ".env"}) {
    write(name);
  }
  EXPECT_THAT(names(""), ElementsAre(".env", "build/CMakeCache.txt", "build/bootstrap", "index.js",
                                     "lib/a.js", "lib/a.test.js"));
  EXPECT_THAT(names("package: {patterns: ['!**', build/bootstrap]}\n"),
              ElementsAre("build/bootstrap"));
  EXPECT_THAT(names("package: {patterns: ['!build/**', '!**/*.test.js']}\n"),
              ElementsAre(".env", "index.js", "lib/a.js"));
  EXPECT_THAT(names("package: {exclude: ['**'], include: [lib/**]}\n"),
              ElementsAre("lib/a.js", "lib/a.test.js"));
  EXPECT_THAT(
      names("package: {exclude: ['build/**'], patterns: ['!lib/**', lib/a.js]}\nuseDotenv: true\n"),
      ElementsAre("index.js", "lib/a.js"));
  EXPECT_THAT(names("package: {patterns: ['!**']}\n"),
              ElementsAre("error: serverless.yml:4: package: no file matches the patterns"));
  EXPECT_THAT(
      names("package: {patterns: ['../x']}\n"),
      ElementsAre(
          "error: serverless.yml:4: package.patterns.0: '../x' leaves the service's directory"));
}

TEST_F(Package, DevelopmentDependencies) {
  write("index.js");
  write("node_modules/a/index.js");
  write("node_modules/b/index.js");
  write(
      "package-lock.json",
      R"({"lockfileVersion":3,"packages":{"":{},"node_modules/a":{},"node_modules/b":{"dev":true}}})");
  EXPECT_THAT(names(""), ElementsAre("index.js", "node_modules/a/index.js", "package-lock.json"));
  EXPECT_THAT(names("package: {excludeDevDependencies: false, patterns: ['!*.json']}\n"),
              ElementsAre("index.js", "node_modules/a/index.js", "node_modules/b/index.js"));
}

TEST_F(Package, DeterministicWithModes) {
  write("bootstrap", std::string(100'000, 'b'));
  chmod((directory_ + "/bootstrap").c_str(), 0700);
  write("index.js");
  const Service service = load("");
  const auto first = package(service, directory_ + "/.serverless");
  ASSERT_TRUE(first) << first.error().message;
  std::filesystem::last_write_time(
      directory_ + "/index.js",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(9999));
  const auto second = package(service, directory_ + "/.serverless2");
  ASSERT_TRUE(second) << second.error().message;
  // The first package's own directory is excluded by default; the second's is made after the first
  // walk.
  EXPECT_EQ(first->list.size(), 1U);
  EXPECT_EQ(first->of_function.at("api"), first->of_function.at("two"));
  EXPECT_EQ(first->list[0].sha256_base64, second->list[0].sha256_base64);
  EXPECT_EQ(first->list[0].file_name, "demo.zip");
}

TEST_F(Package, Individually) {
  write("a.js");
  write("b.js");
  write("serverless.yml",
        "service: demo\nprovider: {name: aws, runtime: nodejs20.x}\npackage: {individually: "
        "true}\nfunctions:\n"
        "  one: {handler: a.x, package: {patterns: ['!b.js']}}\n  two: {handler: b.x, package: "
        "{patterns: ['!a.js']}}\n");
  LoadOptions options;
  options.directory = directory_;
  const auto service = load_service(options);
  ASSERT_TRUE(service);
  const auto artifacts = package(*service, directory_ + "/.serverless");
  ASSERT_TRUE(artifacts);
  EXPECT_EQ(artifacts->list.size(), 2U);
  EXPECT_NE(artifacts->list[0].sha256_base64, artifacts->list[1].sha256_base64);
  const auto one = package_files(*service, "one");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->size(), 1U);
}

TEST_F(Package, LinksThatCircle) {
  write("a/x.js");
  std::filesystem::create_directory_symlink(directory_ + "/a", directory_ + "/a/loop");
  std::filesystem::create_symlink("nowhere", directory_ + "/dangling");
  EXPECT_THAT(names(""), ElementsAre("a/x.js"));
}

}  // namespace
}  // namespace dew::serverless
