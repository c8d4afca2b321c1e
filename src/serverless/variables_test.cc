#include "serverless/variables.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace dew::serverless {
namespace {

class Directory {
 public:
  Directory() {
    std::string path = "/tmp/dew-variables-XXXXXX";
    path_ = mkdtemp(path.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(path_ + "/" + name) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<std::string> resolve(const std::string& yaml, std::string_view path,
                            VariableSources sources = {}) {
  TRY(auto root, parse_yaml(yaml, "serverless.yml"));
  if (!sources.env("X")) {
    sources.env = [](std::string_view name) -> std::optional<std::string> {
      if (name == "HOME_TOWN") return "Ulm";
      if (name == "FLAG") return "true";
      return std::nullopt;
    };
  }
  sources.instance_id = "1700000000000";
  sources.account_id = [] { return std::string("000000000000"); };
  sources.params["colour"] = "blue";
  sources.ssm = [](const std::string& name, bool decrypt,
                   const std::string&) -> Result<std::optional<SsmParameter>> {
    if (name == "/secret") return SsmParameter{"SecureString", decrypt ? "a${b}c" : "cipher"};
    if (name == "/json") return SsmParameter{"SecureString", R"({"user":"me"})"};
    if (name == "/list") return SsmParameter{"StringList", "a,b"};
    return std::nullopt;
  };
  sources.cf = [](const std::string& stack, const std::string& output,
                  const std::string&) -> Result<std::optional<std::string>> {
    if (stack == "other-dev" && output == "Url") return "http://x";
    return std::nullopt;
  };
  Resolver resolver(root, sources);
  CHECK_OK(resolver.resolve_all());
  const Node* node = root.at(path);
  if (!node) return fail(ErrorKind::kNotFound, "nothing there");
  return json::dump(to_json(*node));
}

struct Case {
  const char* yaml;
  const char* result;  // of v, as JSON
};

TEST(Variables, Resolve) {
  const Case cases[] = {
      {"v: plain", R"("plain")"},
      {"a: {b: 1}\nv: ${self:a.b}", "1"},
      {"a: {b: [x, y]}\nv: ${self:a.b.1}", R"("y")"},
      {"a: {b: 1}\nv: ${self:a}", R"({"b":1})"},
      {"a: 2\nv: pre-${self:a}-post", R"("pre-2-post")"},
      {"v: ${opt:stage, 'dev'}", R"("dev")"},
      {"v: ${opt:stage, self:provider.stage, 'dev'}\nprovider: {stage: prod}", R"("prod")"},
      {"v: ${opt:stage, self:none, 'a, b'}", R"("a, b")"},
      {"v: ${opt:x, 5}", "5"},
      {"v: ${opt:x, true}", "true"},
      {"v: ${opt:x, null}", "null"},
      {"v: ${opt:x, ''}", R"("")"},
      {"v: ${env:HOME_TOWN}", R"("Ulm")"},
      {"custom: {name: HOME_TOWN}\nv: ${env:${self:custom.name}}", R"("Ulm")"},
      {"custom: {dev: {x: 7}}\nv: ${self:custom.${sls:stage}.x}", "7"},
      {"v: ${env:NOPE, env:HOME_TOWN}", R"("Ulm")"},
      {"v: ${env:NOPE, '${env:HOME_TOWN}'}", R"("${env:HOME_TOWN}")"},
      {"v: ${strToBool(${env:FLAG})}", "true"},
      {"v: ${strToBool(0)}", "false"},
      {"v: ${sls:instanceId}", R"("1700000000000")"},
      {"v: ${aws:region}/${aws:accountId}", R"("us-east-1/000000000000")"},
      {"v: ${param:colour}", R"("blue")"},
      {"params: {default: {size: 3}}\nv: ${param:size}", "3"},
      {"params: {default: {size: 3}, dev: {size: 4}}\nv: ${param:size}", "4"},
      {"v: ${ssm:/secret}", R"("a${b}c")"},
      {"v: ${ssm(noDecrypt):/secret}", R"("cipher")"},
      {"v: ${ssm:/json}", R"({"user":"me"})"},
      {"v: ${ssm(raw):/json}", R"("{\"user\":\"me\"}")"},
      {"v: ${ssm:/list}", R"(["a","b"])"},
      {"v: ${ssm(raw):/list}", R"("a,b")"},
      {"v: ${ssm:/none, 'd'}", R"("d")"},
      {"v: ${cf:other-${sls:stage}.Url}", R"("http://x")"},
      {"v: ${AWS::Region}-${Table}", R"("${AWS::Region}-${Table}")"},
      {"v: ${!Literal}", R"("${!Literal}")"},
      {"v: arn:${AWS::Partition}:${self:x}\nx: 1", R"("arn:${AWS::Partition}:1")"},
      {"v: \\${self:x}", R"("${self:x}")"},
      {"v: \\\\${self:x}\nx: 1", R"("\\1")"},
      {"a: ${self:b}\nb: ${self:c}\nc: end\nv: ${self:a}", R"("end")"},
      {"a: ${self:b}\nb: {c: 4}\nv: ${self:a.c}", "4"},
      {"v: $${self:x}\nx: 1", R"("$1")"},
      {"v: cost $5", R"("cost $5")"},
      {"v: ${self:x.a-b}\nx: {a-b: 1}", "1"},
      {"v:\n  Fn::Sub: '${Bucket.Arn}/*'", R"({"Fn::Sub":"${Bucket.Arn}/*"})"},
  };
  for (const auto& test : cases) {
    const auto result = resolve(test.yaml, "v");
    ASSERT_TRUE(result) << test.yaml << ": " << result.error().message;
    EXPECT_EQ(*result, test.result) << test.yaml;
  }
}

struct Failure {
  const char* yaml;
  const char* message;
};

TEST(Variables, Fail) {
  const Failure cases[] = {
      {"a: 1\nv: ${env:NOPE}",
       "serverless.yml:2: v: cannot resolve ${env:NOPE}: the environment has no variable NOPE; set "
       "it, or give a default: ${env:NOPE, 'default'}"},
      {"v: ${self:a.b}",
       "serverless.yml:1: v: cannot resolve ${self:a.b}: the document has no value at a.b; add it, "
       "or give a default: ${self:a.b, 'default'}"},
      {"v: ${ssm:/none}",
       "serverless.yml:1: v: cannot resolve ${ssm:/none}: SSM has no parameter /none; create it (a "
       "local cloud: custom.dew.parameters), or give a "
       "default: ${ssm:/none, 'default'}"},
      {"a: ${self:b}\nb: ${self:a}",
       "serverless.yml:1: a: its variables refer to each other in a circle: a -> b -> a"},
      {"v: ${self:v}",
       "serverless.yml:1: v: its variables refer to each other in a circle: v -> v"},
      {"v: ${slef:a}",
       "serverless.yml:1: v: cannot resolve ${slef:a}: unknown source 'slef' (did you mean "
       "'self'?); the sources are self, opt, env, file, sls, "
       "aws, ssm, cf, param and strToBool"},
      {"a: {b: 1}\nv: x${self:a}",
       "serverless.yml:2: v: ${self:a} gives a map, which cannot stand within text"},
      {"v: ${opt:x, dev}",
       "serverless.yml:1: v: 'dev' is neither a source (type:address) nor a literal; text needs "
       "quotes ('dev') in the variable ${opt:x, dev}"},
      {"v: ${opt:x", "serverless.yml:1: v: missing } in the variable ${opt:x"},
      {"v: ${strToBool(maybe)}",
       "serverless.yml:1: v: cannot resolve ${strToBool(maybe)}: 'maybe' is not one of true, "
       "false, 1, 0"},
      {"v: ${sls:nope}",
       "serverless.yml:1: v: cannot resolve ${sls:nope}: sls has stage and instanceId only, not "
       "'nope'"},
      {"v: ${file(x.js):a}",
       "serverless.yml:1: v: cannot resolve ${file(x.js):a}: x.js is a program, and Dewpoint runs "
       "no JavaScript to read a configuration: write "
       "its values to a .yml or .json file"},
  };
  for (const auto& test : cases) {
    const auto result = resolve(test.yaml, "v");
    ASSERT_FALSE(result) << test.yaml << " gave " << *result;
    EXPECT_EQ(result.error().message, test.message) << test.yaml;
  }
}

TEST(Variables, Files) {
  Directory directory;
  directory.write("config.yml",
                  "dev:\n  size: 3\n  inner: ${self:top}\nlist: [1, 2]\nref: !Ref Table\n");
  directory.write("config.json", "{\n\t\"a\": {\"b\": \"c\"}\n}");
  directory.write("text.txt", "hello\n");
  VariableSources sources;
  sources.service_directory = directory.path();
  EXPECT_EQ(resolve("v: ${file(./config.yml):${sls:stage}.size}", "v", sources), "3");
  EXPECT_EQ(resolve("top: 9\nv: ${file(config.yml):dev}", "v", sources), R"({"size":3,"inner":9})");
  EXPECT_EQ(resolve("v: ${file(config.yml):ref}", "v", sources), R"({"Ref":"Table"})");
  EXPECT_EQ(resolve("v: ${file(config.json):a.b}", "v", sources), R"("c")");
  EXPECT_EQ(resolve("v: ${file(text.txt)}", "v", sources), R"("hello\n")");
  EXPECT_EQ(resolve("v: ${file(none.yml):a, 'd'}", "v", sources), R"("d")");
  EXPECT_EQ(resolve("v: ${file(config.yml):list.1}", "v", sources), "2");
  directory.write("bad.yml", "a: 1\nb: [1, 2\n");
  const auto bad = resolve("v: ${file(bad.yml):a}", "v", sources);
  ASSERT_FALSE(bad);
  EXPECT_TRUE(bad.error().message.starts_with("bad.yml:")) << bad.error().message;
}

TEST(Variables, Bounded) {
  std::string bomb = "a0: [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    bomb += "a" + std::to_string(i) + ": [";
    for (int j = 0; j < 10; ++j)
      bomb += (j ? ", " : "") + std::string("'${self:a") + std::to_string(i - 1) + "}'";
    bomb += "]\n";
  }
  const auto result = resolve(bomb, "a9");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("too large"), std::string::npos);

  std::string deep = "v: ";
  for (int i = 0; i < 50; ++i) deep += "${self:";
  EXPECT_FALSE(resolve(deep, "v"));
}

}  // namespace
}  // namespace dew::serverless
