#include "serverless/document.h"

#include <gtest/gtest.h>

namespace dew::serverless {
namespace {

std::string as_json(std::string_view yaml) {
  const auto node = parse_yaml(yaml, "x.yml");
  return node ? json::dump(to_json(*node)) : "error: " + node.error().message;
}

TEST(Document, Scalars) {
  EXPECT_EQ(
      as_json("[1, -2, 0x1f, 0o17, 1.5, 1e3, .5, true, False, null, ~, '1', \"a\\n\", 2012-10-17, "
              "1_000, yes, 1.2.3]"),
      R"([1,-2,31,15,1.5E0,1E3,5E-1,true,false,null,null,"1","a\n","2012-10-17","1_000","yes","1.2.3"])");
  EXPECT_EQ(as_json("v: 12345678901234567890123"), R"({"v":1.2345678901234568E22})");
  EXPECT_EQ(as_json("v: 012"), R"({"v":12})");
}

TEST(Document, ShortForms) {
  EXPECT_EQ(as_json("v: !Ref Table"), R"({"v":{"Ref":"Table"}})");
  EXPECT_EQ(as_json("v: !GetAtt Table.Arn"), R"({"v":{"Fn::GetAtt":["Table","Arn"]}})");
  EXPECT_EQ(as_json("v: !GetAtt A.B.C"), R"({"v":{"Fn::GetAtt":["A","B.C"]}})");
  EXPECT_EQ(as_json("v: !Sub '${A}-x'"), R"({"v":{"Fn::Sub":"${A}-x"}})");
  EXPECT_EQ(as_json("v: !Join ['', [a, !Ref B]]"), R"({"v":{"Fn::Join":["",["a",{"Ref":"B"}]]}})");
  EXPECT_EQ(as_json("v: !If [C, !Ref A, !Ref 'AWS::NoValue']"),
            R"({"v":{"Fn::If":["C",{"Ref":"A"},{"Ref":"AWS::NoValue"}]}})");
  EXPECT_EQ(as_json("v: !GetAZs ''"), R"({"v":{"Fn::GetAZs":""}})");
  EXPECT_EQ(as_json("a: 1\nv: !Foo x"),
            "error: x.yml:2: unknown tag !Foo: only CloudFormation's short forms (!Ref, !Sub, "
            "!GetAtt, ...) are known");
}

TEST(Document, AliasesAndMerges) {
  EXPECT_EQ(as_json("a: &x {b: 1, c: 2}\nd: *x\ne:\n  <<: *x\n  b: 3"),
            R"({"a":{"b":1,"c":2},"d":{"b":1,"c":2},"e":{"b":3,"c":2}})");
  EXPECT_EQ(as_json("a: &a [*a]"), "error: x.yml:1: an alias refers to an anchor that encloses it");
  std::string bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j ? "," : "") + std::string("*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(as_json(bomb).find("aliases expanded"), std::string::npos);
}

TEST(Document, Errors) {
  EXPECT_EQ(as_json("a: 1\nb: 2\na: 3"),
            "error: x.yml:3: the key 'a' is written twice in the same map");
  EXPECT_EQ(as_json(""), "error: x.yml:1: the document is empty");
  EXPECT_EQ(as_json("a: 1\n---\nb: 2"), "error: x.yml: holds more than one document (---)");
  EXPECT_EQ(as_json("a: \xff"), "error: x.yml: not UTF-8 text");
  EXPECT_TRUE(as_json("a: [1, 2").starts_with("error: x.yml:1: not valid YAML: "));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "[";
  for (int i = 0; i < 100; ++i) deep += "]";
  EXPECT_NE(as_json(deep).find("nested deeper than 64 levels"), std::string::npos);
}

TEST(Document, Positions) {
  const auto node = parse_yaml("a: 1\nb:\n  c:\n    - x\n    - y\n", "x.yml");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->at("b.c.1")->mark.text(), "x.yml:5");
  const auto json_node = parse_json("{\n\t\"a\": {\n\t\t\"b\": \"\\/x\"\n\t}\n}", "x.json");
  ASSERT_TRUE(json_node);
  EXPECT_EQ(json_node->at("a.b")->mark.text(), "x.json:3");
  EXPECT_EQ(json_node->at("a.b")->text, "/x");
  EXPECT_TRUE(parse_json(R"({"a":"\ud83d\ude00"})", "x.json"));
  EXPECT_FALSE(parse_json("{a: 1}", "x.json"));
}

TEST(Document, YamlRoundTrip) {
  const auto node = parse_yaml(
      "a: {b: [1, {c: 'true', d: [x, []]}], e: '', f: \"a: b\\n\", g: null, h: {}}\nlist:\n  - - "
      "1\n    - 2\n  - key: '#no'\n    other: -1.5\n",
      "x.yml");
  ASSERT_TRUE(node);
  const std::string text = to_yaml(*node);
  const auto again = parse_yaml(text, "y.yml");
  ASSERT_TRUE(again) << text << again.error().message;
  EXPECT_EQ(to_json(*node), to_json(*again)) << text;
}

}  // namespace
}  // namespace dew::serverless
