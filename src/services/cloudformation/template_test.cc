#include <gtest/gtest.h>

#include "services/cloudformation/api.h"
#include "services/cloudformation/graph.h"
#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/parameters.h"

namespace dew::cloudformation {
namespace {

std::string yaml(std::string_view text) {
  const auto parsed = parse_yaml(text);
  return parsed ? json::dump(*parsed) : parsed.error().message;
}

TEST(Yaml, ReadsShortForms) {
  const std::pair<const char*, const char*> cases[] = {
      {"a: !Ref X", R"({"a":{"Ref":"X"}})"},
      {"a: !GetAtt X.Outputs.Y", R"({"a":{"Fn::GetAtt":["X","Outputs.Y"]}})"},
      {"a: !GetAtt [X, Y]", R"({"a":{"Fn::GetAtt":["X","Y"]}})"},
      {"a: !Sub '${X}'", R"({"a":{"Fn::Sub":"${X}"}})"},
      {"a: !Join ['', [a, !Ref B]]", R"({"a":{"Fn::Join":["",["a",{"Ref":"B"}]]}})"},
      {"a: !If [C, 1, !Ref AWS::NoValue]", R"({"a":{"Fn::If":["C",1,{"Ref":"AWS::NoValue"}]}})"},
      {"a: !Not [!Condition C]", R"({"a":{"Fn::Not":[{"Condition":"C"}]}})"},
      {"a: 2012-10-17", R"({"a":"2012-10-17"})"},
      {"a: 012345678901", R"({"a":"012345678901"})"},
      {"a: [1, 1.5, yes, 'no', \"3\", -2]", R"({"a":[1,1.5E0,true,"no","3",-2]})"},
      {"a: |\n  x\n  y\n", R"({"a":"x\ny\n"})"},
      {"a: &x 1\nb: *x",
       "Template error: YAML aliases are not allowed in CloudFormation templates"},
      {"a: !Nope x", "Template format error: YAML tag !Nope is not supported"},
      {"a: 1\na: 2", "Template format error: duplicate key a"},
      {"a: [", "Template format error: YAML not well-formed. (line 1, column 1)"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(yaml(text), expected) << text;
}

std::string parse_error(std::string_view text) {
  const auto parsed = parse_template(text);
  return parsed ? "" : parsed.error().message;
}

TEST(Templates, AreChecked) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Resources":{"A":{"Type":"T"}}})", ""},
      {R"({"Parameters":{"P":{"Type":"String","MinLength":1e80}},"Resources":{"A":{"Type":"T"}}})",
       "Template format error: [/Parameters/P] MinLength must be an integer."},
      {R"({"Resources":{}})",
       "Template format error: At least one Resources member must be defined."},
      {R"({"Foo":1,"Resources":{"A":{"Type":"T"}}})",
       "Invalid template property or properties [Foo]"},
      {R"({"Resources":{"A":{}}})",
       "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
      {R"({"Resources":{"A-b":{"Type":"T"}}})",
       "Template format error: Resource name A-b is non alphanumeric."},
      {R"({"Resources":{"A":{"Type":"T","Properties":{"P":{"Ref":"X"}}}}})",
       "Template format error: Unresolved resource dependencies [X] in the Resources block of the "
       "template"},
      {R"({"Resources":{"A":{"Type":"T","Properties":{"P":null}}}})",
       "Template format error: [/Resources/A/Properties/P] 'null' values are not allowed in "
       "templates"},
      {R"({"Resources":{"A":{"Type":"AWS::Lambda::Alias","UpdatePolicy":{"P":{"Ref":"X"}}}}})",
       "Template format error: Unresolved resource dependencies [X] in the Resources block of the "
       "template"},
      {R"({"Resources":{"A":{"Type":"AWS::Lambda::Alias","Properties":{"UpdatePolicy":{}}}}})",
       "[/Resources/A] UpdatePolicy stands beside Properties, not in them."},
      {R"({"Resources":{"A":{"Type":"T","UpdatePolicy":{}}}})",
       "[/Resources/A] Dewpoint does not support UpdatePolicy of T yet"},
      {R"({"Resources":{"A":{"Type":"T","Condition":"C"}}})",
       "Template format error: Unresolved condition dependency C in the Resources block of the "
       "template"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_error(text), expected) << text;
}

constexpr const char* kTemplate = R"(
Parameters:
  Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
Mappings: {M: {k: {v: mapped, l: [x, y]}}}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  NotProd: !Not [!Condition Prod]
  Both: !And [!Condition Prod, !Condition NotProd]
Resources:
  R: {Type: T}
)";

std::string evaluate(const char* text, const GivenParameters& given = {}) {
  const auto tmpl = parse_template(kTemplate);
  EXPECT_TRUE(tmpl.has_value()) << (tmpl ? "" : tmpl.error().message);
  const auto bound =
      bind_parameters(*tmpl, given, [](const std::string&) { return std::string(); });
  if (!bound) return bound.error().message;
  Environment environment{"123456789012", "eu-west-1", "stack", "arn:stack", {},
                          bound->values,  {},          {},      {},          {}};
  environment.ref = [](std::string_view name) -> ApiResult<json::Value> {
    return json::String("ref-" + std::string(name));
  };
  environment.get_att = [](std::string_view name,
                           std::string_view attribute) -> ApiResult<json::Value> {
    return json::String(fmt::format("{}/{}", name, attribute));
  };
  environment.import_value = [](std::string_view name) -> ApiResult<json::Value> {
    return json::String("import-" + std::string(name));
  };
  environment.dynamic = [](std::string_view service, std::string_view key,
                           std::string_view) -> ApiResult<std::string> {
    return fmt::format("<{} {}>", service, key);
  };
  Evaluator evaluator(*tmpl, environment);
  const auto value = parse_yaml(text);
  if (!value) return value.error().message;
  auto out = evaluator.evaluate(*value);
  if (!out) return out.error().message;
  if (!*out) return "nothing";
  auto resolved = evaluator.resolve_dynamic(std::move(**out), "/x");
  return resolved ? json::dump(*resolved) : resolved.error().message;
}

TEST(Intrinsics, Evaluate) {
  const std::pair<const char*, const char*> cases[] = {
      {"!Ref R", R"("ref-R")"},
      {"!Ref Env", R"("dev")"},
      {"!Ref Names", R"(["a","b"])"},
      {"!Ref AWS::Region", R"("eu-west-1")"},
      {"!Ref AWS::NoValue", "nothing"},
      {"{a: !Ref AWS::NoValue, b: 1}", R"({"b":1})"},
      {"!GetAtt R.Arn", R"("R/Arn")"},
      {"!Sub '${R} ${R.Arn} ${!R} ${AWS::AccountId}'", R"("ref-R R/Arn ${R} 123456789012")"},
      {"!Sub ['${a}-${Env}', {a: !Ref R}]", R"("ref-R-dev")"},
      {"!Join ['-', [a, 1, !Ref Env]]", R"("a-1-dev")"},
      {"!Join [',', !Ref Names]", R"("a,b")"},
      {"!Select [1, !Split ['|', 'a|b|c']]", R"("b")"},
      {"!Select [7, [a]]", "Template error: Fn::Select cannot select nonexistent value at index 7"},
      {"!If [Prod, p, d]", R"("d")"},
      {"!If [NotProd, !If [Both, x, y], z]", R"("y")"},
      {"!FindInMap [M, k, v]", R"("mapped")"},
      {"!FindInMap [M, k, l]", R"(["x","y"])"},
      {"!FindInMap [M, k, nope]", "Template error: Unable to get mapping for M::k::nope"},
      {"!Base64 hi", R"("aGk=")"},
      {"!ImportValue x", R"("import-x")"},
      {"!GetAZs ''", R"(["eu-west-1a","eu-west-1b","eu-west-1c"])"},
      {"'a-{{resolve:ssm:/p:1}}-b'", R"("a-<ssm /p:1>-b")"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(evaluate(text), expected) << text;
  EXPECT_EQ(evaluate("!If [Prod, p, d]", {{"Env", "prod"}}), R"("p")");
  EXPECT_EQ(evaluate("x", {{"Env", "test"}}), "Parameter 'Env' must be one of AllowedValues");
  EXPECT_EQ(evaluate("x", {{"Other", "1"}}), "Parameters: [Other] do not exist in the template");
}

std::string order(std::string_view text) {
  const auto tmpl = parse_template(text);
  if (!tmpl) return tmpl.error().message;
  Environment environment;
  Evaluator evaluator(*tmpl, environment);
  const auto result = order_resources(*tmpl, evaluator);
  if (!result) return result.error().message;
  std::string out;
  for (const auto& name : result->names) out += name + " ";
  return out;
}

TEST(Graph, OrdersByDependency) {
  EXPECT_EQ(order("Resources:\n  A: {Type: T, DependsOn: [B]}\n  B: {Type: T, Properties: {P: !Sub "
                  "'${C.Arn}'}}\n  C: {Type: T}\n  D: {Type: T}"),
            "C D B A ");
  EXPECT_EQ(order("Resources:\n  A: {Type: T, DependsOn: B}\n  B: {Type: T, DependsOn: A}\n  C: "
                  "{Type: T, DependsOn: A}"),
            "Circular dependency between resources: [A, B]");
}

TEST(TemplateUrl, NamesABucketAndAKey) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"https://s3.amazonaws.com/bucket/dir/t%20x.json", "bucket", "dir/t x.json"},
      {"http://127.0.0.1:4566/bucket/t.json?x=1", "bucket", "t.json"},
      {"https://bucket.s3.us-east-1.amazonaws.com/t.json", "bucket", "t.json"},
      {"https://bucket.s3.amazonaws.com/t.json", "bucket", "t.json"},
      {"http://bucket.localhost:4566/t.json", "bucket", "t.json"},
      {"http://bucket.s3.localhost.localstack.cloud:4566/t", "bucket", "t"},
      {"http://localhost:4566/bucket/t", "bucket", "t"},
  };
  for (const auto& [url, bucket, key] : cases) {
    const auto location = parse_s3_url(url);
    ASSERT_TRUE(location.has_value()) << url;
    EXPECT_EQ(location->bucket, bucket) << url;
    EXPECT_EQ(location->key, key) << url;
  }
  for (const auto* url : {"", "ftp://x/y/z", "https://s3.amazonaws.com/bucket"})
    EXPECT_FALSE(parse_s3_url(url).has_value()) << url;
}

}  // namespace
}  // namespace dew::cloudformation
