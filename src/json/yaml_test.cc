#include "json/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dew::json {
namespace {

const YamlRules kRules{.max_bytes = 1'000'000, .max_parts = 1000, .max_depth = 20};

std::string read(std::string_view text, const YamlRules& rules) {
  const auto value = parse_yaml(text, rules);
  return value ? dump(*value) : "error: " + value.error().message;
}

TEST(Yaml, IsWhatJsonWouldBe) {
  struct Case {
    const char* text;
    const char* json;
  };
  for (const auto& [text, json] : std::initializer_list<Case>{
           {"a: 1", R"({"a":1})"},
           {"{\"a\": [1, -2, \"3\", null, true]}", R"({"a":[1,-2,"3",null,true]})"},
           {"- yes\n- no\n- True\n- ~\n-\n- 'null'", R"(["yes","no",true,null,null,"null"])"},
           {"- 1.5\n- 1e3x\n- 0x10\n- +1\n- .5\n- 1.2.3",
            R"([1.5E0,"1e3x","0x10","+1",".5","1.2.3"])"},
           {"200: ok\ntrue: t\n~: n", R"({"200":"ok","true":"t","null":"n"})"},
           {"a: |\n  line\n  two\nb: >\n  folded\n  text\n",
            R"({"a":"line\ntwo\n","b":"folded text\n"})"},
           {"!!str 7", R"("7")"},
           {"%YAML 1.2\n---\na: {b: []}\n...\n---\nsecond: 1", R"({"a":{"b":[]}})"},
           {"99999999999999999999", "1E20"},
       }) {
    EXPECT_EQ(read(text, kRules), json) << text;
  }
}

TEST(Yaml, RefusesWhatGrowsOrHasNoEnd) {
  const std::string deep(21, '[');
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const std::string before = std::string(" *") + static_cast<char>(c - 1);
    bomb += fmt::format("{0}: &{0} [{1},{1},{1},{1},{1},{1},{1},{1},{1}]\n", c, before);
  }
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "- x\n";
  struct Case {
    std::string text;
    const char* why;
  };
  for (const auto& [text, why] : std::initializer_list<Case>{
           {deep + "1" + std::string(21, ']'), "it is nested too deeply"},
           {bomb, "YAML aliases are not supported"},
           {"a: &x {self: *x}", "YAML aliases are not supported"},
           {many, "it has too many parts"},
           {std::string(1001, '['), "it has too many parts"},
           {std::string(900, '[') + std::string(900, ']'), "it is nested too deeply"},
           {std::string(1'000'001, 'x'), "it is longer than 1000000 bytes"},
           {"[a]: b", "a key must be text"},
           {"? {a: b}\n: c", "a key must be text"},
           {"a: 1\na: 2", "a is there twice"},
           {"", "it is empty"},
           {"a: [", "it is no well-formed YAML or JSON (line 1, column 1)"},
           {"a: *nowhere", "it is no well-formed YAML or JSON (line 1, column 4)"},
       }) {
    EXPECT_EQ(read(text, kRules), std::string("error: ") + why) << text.substr(0, 80);
  }
}

TEST(Yaml, FollowsItsReadersRules) {
  auto rules = kRules;
  rules.scalar = [](std::string_view text, Scalar) -> Value { return String(text); };
  rules.key = [](std::string_view key, size_t depth) {
    return depth == 2 ? std::string(key) : fmt::format("{}{}", key, depth);
  };
  EXPECT_EQ(read("a: {b: {c: 1, d: }}\ne: [true]", rules),
            R"({"a1":{"b":{"c3":"1","d3":""}},"e1":["true"]})");
  EXPECT_EQ(read("a: {b: 1}\nb: {c: {x: 1, x: 2}}", rules), "error: x3 is there twice");
}

}  // namespace
}  // namespace dew::json
