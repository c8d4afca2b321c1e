// Macros, what they make of templates, and rules.
#include "services/cloudformation/transforms.h"

#include <gtest/gtest.h>

#include "services/cloudformation/rules.h"

namespace dew::cloudformation {
namespace {

const std::map<std::string, std::string, std::less<>> kObjects = {
    {"b/role.yaml", "Type: AWS::IAM::Role\nProperties:\n  RoleName: {Ref: P}\n"},
    {"b/list.json", R"(["a", "b"])"},
    {"b/conditions.json", R"({"Conditions": {"C": {"Fn::Equals": ["a", "b"]}}})"},
    {"b/short.yaml", "RoleName: !Ref P\n"},
    {"b/nested.json",
     R"({"X": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/list.json"}}}})"},
    {"b/broken.yaml", "a: ["}};

std::string processed(std::string_view text, const GivenParameters& given = {}) {
  Environment environment;
  environment.account = "111122223333";
  environment.region = "eu-west-1";
  const auto out = apply_transforms(
      text, given,
      [](const std::string& name) -> ApiResult<std::string> { return "value of " + name; },
      environment,
      [](std::string_view bucket, std::string_view key) -> ApiResult<std::string> {
        const auto found = kObjects.find(fmt::format("{}/{}", bucket, key));
        if (found == kObjects.end())
          return invalid("Transform AWS::Include failed with: no such key");
        return found->second;
      });
  return out ? out->text : out.error().message;
}

// A template in YAML with the language extensions, whose section `name` is given.
std::string extended(std::string_view name, std::string_view body,
                     const GivenParameters& given = {}) {
  std::string text =
      "Transform: AWS::LanguageExtensions\n"
      "Parameters: {L: {Type: CommaDelimitedList, Default: 'x,y'}, P: {Type: String, Default: p}}\n"
      "Mappings: {M: {k: {l: [m, n], d: Retain}}}\n";
  text += fmt::format("{}:\n", name);
  for (size_t at = 0; at < body.size();) {
    const auto end = std::min(body.find('\n', at), body.size());
    text += fmt::format("  {}\n", body.substr(at, end - at));
    at = end + 1;
  }
  auto out = processed(text, given);
  const auto parsed = json::parse(out);
  if (!parsed) return out;
  return json::dump(parsed->as_object().at(name));
}

TEST(Transforms, LeaveWhatDeclaresNoneAsItIs) {
  for (const auto* text : {"Resources: {A: {Type: T}}", R"( {"Resources":{"A":{"Type":"T"}}} )"})
    EXPECT_EQ(processed(text), text);
}

// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
TEST(Transforms, RepeatWhatLoopsSay) {
  const std::pair<const char*, const char*> cases[] = {
      {"Fn::ForEach::Topics:\n- N\n- [A, B]\n- Topic${N}: {Type: T, Properties: {Name: !Ref N}}",
       R"({"TopicA":{"Type":"T","Properties":{"Name":"A"}},"TopicB":{"Type":"T","Properties":{"Name":"B"}}})"},
      // Beside what is written out, in the template's order.
      {"Z: {Type: T}\nFn::ForEach::F:\n- N\n- [A]\n- '${N}': {Type: T}\nY: {Type: T}",
       R"({"Z":{"Type":"T"},"A":{"Type":"T"},"Y":{"Type":"T"}})"},
      // &{} drops what is not alphanumeric.
      {"Fn::ForEach::F:\n- N\n- [10.0.0.0/8]\n- 'Net&{N}': {Type: T, Properties: {C: !Ref N}}",
       R"({"Net100008":{"Type":"T","Properties":{"C":"10.0.0.0/8"}}})"},
      {"Fn::ForEach::F:\n- N\n- !Ref L\n- 'R${N}': {Type: T}",
       R"({"Rx":{"Type":"T"},"Ry":{"Type":"T"}})"},
      {"Fn::ForEach::F:\n- N\n- !FindInMap [M, k, l]\n- 'R${N}': {Type: T}",
       R"({"Rm":{"Type":"T"},"Rn":{"Type":"T"}})"},
      {"Fn::ForEach::F:\n- N\n- !Split [',', 'a,b']\n- 'R${N}': {Type: T}",
       R"({"Ra":{"Type":"T"},"Rb":{"Type":"T"}})"},
      {"Fn::ForEach::F:\n- N\n- []\n- 'R${N}': {Type: T}\nA: {Type: T}", R"({"A":{"Type":"T"}})"},
      // Loops in loops, whose inner one speaks of the outer's.
      {"Fn::ForEach::O:\n- O\n- [A, B]\n- Fn::ForEach::I:\n  - I\n  - ['1', '2']\n  - "
       "'R${O}${I}': {Type: T, Properties: {N: !Sub '${O}-${I}-${AWS::Region}'}}",
       R"({"RA1":{"Type":"T","Properties":{"N":{"Fn::Sub":"A-1-${AWS::Region}"}}},)"
       R"("RA2":{"Type":"T","Properties":{"N":{"Fn::Sub":"A-2-${AWS::Region}"}}},)"
       R"("RB1":{"Type":"T","Properties":{"N":{"Fn::Sub":"B-1-${AWS::Region}"}}},)"
       R"("RB2":{"Type":"T","Properties":{"N":{"Fn::Sub":"B-2-${AWS::Region}"}}}})"},
      // Within properties.
      {"A:\n  Type: T\n  Properties:\n    Fn::ForEach::P:\n    - N\n    - [X, Y]\n    - '${N}': "
       "!Sub 'v${N}'",
       R"({"A":{"Type":"T","Properties":{"X":{"Fn::Sub":"vX"},"Y":{"Fn::Sub":"vY"}}}})"},
      // Names that functions make.
      {"Fn::ForEach::F:\n- N\n- [A]\n- 'R${N}': {Type: T, Properties: {A: !GetAtt [!Sub 'Q${N}', "
       "Arn], B: {Ref: !Sub 'Q${N}'}}}",
       R"({"RA":{"Type":"T","Properties":{"A":{"Fn::GetAtt":["QA","Arn"]},"B":{"Ref":"QA"}}}})"},
      // A text that is no Fn::Sub's, and a key within, stay.
      {"Fn::ForEach::F:\n- N\n- [A]\n- 'R${N}': {Type: T, Properties: {'k${N}': 'v${N}&{N}'}}",
       R"({"RA":{"Type":"T","Properties":{"k${N}":"v${N}&{N}"}}})"},
      {"A: {Type: T, Properties: {N: {Fn::Length: [1, 2, 3]}, M: {Fn::Length: !Ref L}}}",
       R"({"A":{"Type":"T","Properties":{"N":3,"M":2}}})"},
      {"A: {Type: T, DeletionPolicy: !FindInMap [M, k, d], UpdateReplacePolicy: !Ref P}",
       R"({"A":{"Type":"T","DeletionPolicy":"Retain","UpdateReplacePolicy":"p"}})"},
      {"A: {Type: T, Properties: {N: {Fn::ToJsonString: {a: !Ref X}}}}",
       R"({"A":{"Type":"T","Properties":{"N":{"Fn::ToJsonString":{"a":{"Ref":"X"}}}}}})"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(extended("Resources", body), expected) << body;
  EXPECT_EQ(
      extended("Conditions", "Fn::ForEach::F:\n- N\n- [A]\n- 'Is${N}': !Equals [!Ref P, !Ref N]"),
      R"({"IsA":{"Fn::Equals":[{"Ref":"P"},"A"]}})");
  EXPECT_EQ(extended("Outputs", "Fn::ForEach::F:\n- N\n- [A]\n- 'O${N}': {Value: !Ref N}"),
            R"({"OA":{"Value":"A"}})");
}

TEST(Transforms, SayWhatIsWrongWithALoop) {
  const std::string prefix = "Transform AWS::LanguageExtensions failed with: ";
  const std::pair<const char*, const char*> cases[] = {
      {"Fn::ForEach::F: x", "Fn::ForEach layout is incorrect"},
      {"Fn::ForEach::F: [N, [A]]", "Fn::ForEach layout is incorrect"},
      {"Fn::ForEach::F: [N, A, {'${N}': 1}]", "Fn::ForEach layout is incorrect"},
      {"Fn::ForEach::F: [N, [A], 1]", "Fn::ForEach layout is incorrect"},
      {"Fn::ForEach::F: [N, [[A]], {'${N}': 1}]", "Fn::ForEach layout is incorrect"},
      {"Fn::ForEach::F: [N, !Ref P, {'${N}': 1}]",
       "Could not find a collection or could not be resolved for Fn::ForEach"},
      {"Fn::ForEach::F: [N, !GetAtt X.Y, {'${N}': 1}]",
       "Could not find a collection or could not be resolved for Fn::ForEach"},
      {"Fn::ForEach::F: [N, [A], {R: 1}]", "the key R of an Fn::ForEach has no ${N} or &{N}"},
      {"Fn::ForEach::F: [N, [A, A], {'R${N}': 1}]", "the key RA is made more than once"},
      {"RA: 1\nFn::ForEach::F: [N, [A], {'R${N}': 1}]", "the key RA is made more than once"},
      {"A: {Properties: {Fn::ForEach::A: [N, [A], {'R${N}': 1}]}}",
       "the loop A has the name of a resource"},
      {"Fn::ForEach::F: [N, [A], {Fn::ForEach::F: [M, [A], {'R${M}': 1}]}]",
       "the loop name 'F' is not unique in the template"},
      {"Fn::ForEach::F: [N, [A], {Fn::ForEach::G: [N, [A], {'R${N}': 1}]}]",
       "the identifier N is that of an outer Fn::ForEach already"},
      {"A: {Properties: {N: {Fn::Length: !GetAtt X.Y}}}",
       "The Fn::Length value could not be resolved for properties"},
      {"A: {DeletionPolicy: !GetAtt X.Y}",
       "the name in /Resources/A/DeletionPolicy could not be resolved to a string"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_EQ(extended("Resources", body), prefix + expected) << body;
  EXPECT_EQ(extended("Metadata", "Fn::ForEach::F: [N, [A], {'R${N}': 1}]"),
            prefix + "Fn::ForEach is not supported in the Metadata section");
}

TEST(Transforms, BoundWhatLoopsMake) {
  std::string body;
  for (int i = 0; i < 6; ++i) {
    body += fmt::format("{0:{1}}Fn::ForEach::F{2}:\n{0:{1}}- N{2}\n{0:{1}}- [", "", i * 2, i);
    for (int j = 0; j < 40; ++j) body += fmt::format("'{}', ", j);
    body += fmt::format("]\n{0:{1}}- ", "", i * 2);
    body += i == 5 ? "'R${N0}x${N1}x${N2}x${N3}x${N4}x${N5}': {Type: T}" : "\n";
  }
  EXPECT_EQ(extended("Resources", body),
            "Transform AWS::LanguageExtensions failed with: the resulting template is too large");
}

TEST(Transforms, Include) {
  const auto with = [](std::string_view location) {
    return fmt::format(R"({{"Name":"AWS::Include","Parameters":{{"Location":{}}}}})", location);
  };
  const auto in_resource = [&](std::string_view location) {
    return processed(fmt::format(
        R"({{"Parameters":{{"P":{{"Type":"String","Default":"role"}}}},"Resources":{{"A":{{"Fn::Transform":{}}}}}}})",
        with(location)));
  };
  const std::string made =
      R"({"Parameters":{"P":{"Type":"String","Default":"role"}},"Resources":{"A":{"Type":"AWS::IAM::Role","Properties":{"RoleName":{"Ref":"P"}}}}})";
  EXPECT_EQ(in_resource(R"("s3://b/role.yaml")"), made);
  EXPECT_EQ(in_resource(R"({"Fn::Sub":"s3://b/${P}.yaml"})"), made);
  const std::string failed = "Transform AWS::Include failed with: ";
  EXPECT_EQ(in_resource(R"("s3://b/none.yaml")"), failed + "no such key");
  EXPECT_EQ(in_resource(R"("s3://b/broken.yaml")"),
            failed + "The specified S3 object's content should be valid Yaml/JSON");
  // Short forms cannot be included.
  EXPECT_EQ(in_resource(R"("s3://b/short.yaml")"),
            failed + "The specified S3 object's content should be valid Yaml/JSON");
  EXPECT_EQ(in_resource(R"("s3://b/nested.json")"),
            failed + "included content holds a transform of its own");
  for (const auto* bad : {R"("https://b/x")", R"("s3://b/")", R"("s3://b")", R"([])"}) {
    EXPECT_EQ(in_resource(bad),
              failed +
                  "the location parameter is not a valid S3 uri. Location should be of the form "
                  "s3://bucket-name/object-key");
  }
  // In the place of a list, beside other members, at the top.
  EXPECT_EQ(
      processed(fmt::format(
          R"({{"Resources":{{"A":{{"Type":"T","Properties":{{"L":{{"Fn::Transform":[{}]}}}}}}}}}})",
          with(R"("s3://b/list.json")"))),
      R"({"Resources":{"A":{"Type":"T","Properties":{"L":["a","b"]}}}})");
  EXPECT_EQ(processed(fmt::format(R"({{"Resources":{{"A":{{"Metadata":1,"Fn::Transform":{}}}}}}})",
                                  with(R"("s3://b/conditions.json")"))),
            R"({"Resources":{"A":{"Metadata":1,"Conditions":{"C":{"Fn::Equals":["a","b"]}}}}})");
  EXPECT_EQ(processed(fmt::format(R"({{"Transform":{},"Resources":{{"A":{{"Type":"T"}}}}}})",
                                  with(R"("s3://b/conditions.json")"))),
            R"({"Resources":{"A":{"Type":"T"}},"Conditions":{"C":{"Fn::Equals":["a","b"]}}})");
  EXPECT_EQ(processed(fmt::format(R"({{"Conditions":{{}},"Transform":{},"Resources":{{}}}})",
                                  with(R"("s3://b/conditions.json")"))),
            failed + "the key Conditions is there already");
}

TEST(Transforms, RefuseWhatIsUnknown) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Transform":"AWS::Serverless-2016-10-31","Resources":{}})",
       "Dewpoint does not support the transform AWS::Serverless-2016-10-31 yet"},
      {R"({"Transform":["Mine"],"Resources":{}})", "No transform named 111122223333::Mine found."},
      {R"({"Resources":{"A":{"Fn::Transform":{"Name":"Mine"}}}})",
       "No transform named 111122223333::Mine found."},
      {R"({"Transform":[{}],"Resources":{}})",
       "Template format error: a transform must have a name"},
      {R"({"Resources":{"A":{"Fn::Transform":{"Name":"AWS::LanguageExtensions"}}}})",
       "The transform AWS::LanguageExtensions may be declared only at the top of a template"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(processed(text), expected) << text;
  const auto undeclared = parse_template(
      R"({"Resources":{"A":{"Type":"T","Properties":{"P":{"Fn::ToJsonString":1}}}}})");
  ASSERT_FALSE(undeclared);
  EXPECT_EQ(undeclared.error().message,
            "Template error: Fn::ToJsonString needs the transform AWS::LanguageExtensions");
  const auto loop = parse_template(R"({"Resources":{"Fn::ForEach::F":[]}})");
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error().message,
            "Template format error: [/Resources/Fn::ForEach::F] resource definition is malformed");
}

TEST(Transforms, ToJsonStringAndDefaultsAreEvaluated) {
  const auto tmpl = parse_template(
      R"({"Transform":"AWS::LanguageExtensions","Mappings":{"M":{"k":{"a":"v"}}},"Resources":{"R":{"Type":"T"}}})");
  ASSERT_TRUE(tmpl) << tmpl.error().message;
  Environment environment;
  environment.region = "eu-west-1";
  environment.ref = [](std::string_view name) -> ApiResult<json::Value> {
    return json::String(name);
  };
  Evaluator evaluator(*tmpl, environment);
  const std::pair<const char*, const char*> cases[] = {
      {R"({"Fn::ToJsonString":{"a":[1,{"Ref":"R"},true],"b":{"Ref":"AWS::NoValue"}}})",
       R"("{\"a\":[1,\"R\",true]}")"},
      {R"({"Fn::FindInMap":["M","k","a",{"DefaultValue":"d"}]})", R"("v")"},
      {R"({"Fn::FindInMap":["M","k","b",{"DefaultValue":{"Ref":"AWS::Region"}}]})",
       R"("eu-west-1")"},
      {R"({"Fn::FindInMap":["N","k","b",{"DefaultValue":"d"}]})", R"("d")"},
      {R"({"Fn::Cidr":["10.0.0.0/16","2",{"Ref":"R"}]})",
       "Template error: Fn::Cidr: 'R' is not a whole number"},
      {R"({"Fn::Select":[1,{"Fn::Cidr":["10.0.0.0/16","2",8]}]})", R"("10.0.1.0/24")"},
  };
  for (const auto& [value, expected] : cases) {
    const auto out = evaluator.evaluate(*json::parse(value));
    EXPECT_EQ(out ? json::dump(**out) : out.error().message, expected) << value;
  }
}

std::string ruled(std::string_view rules, const GivenParameters& given) {
  const auto tmpl = parse_template(fmt::format(
      R"({{"Parameters":{{"P":{{"Type":"String","Default":"a"}},"L":{{"Type":"CommaDelimitedList","Default":"a,b"}}}},"Rules":{},"Resources":{{"R":{{"Type":"T"}}}}}})",
      rules));
  if (!tmpl) return tmpl.error().message;
  const auto bound = bind_parameters(*tmpl, given, {});
  Environment environment;
  environment.region = "eu-west-1";
  environment.parameters = bound->values;
  Evaluator evaluator(*tmpl, environment);
  const auto out = apply_rules(*tmpl, evaluator);
  return out ? "" : out.error().message;
}

// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
TEST(Rules, Assert) {
  struct Case {
    const char* assertion;
    const char* p;
    bool holds;
  };
  const Case cases[] = {
      {R"({"Fn::Equals":[{"Ref":"P"},"a"]})", "a", true},
      {R"({"Fn::Equals":[{"Ref":"P"},"a"]})", "b", false},
      {R"({"Fn::Equals":[{"Ref":"AWS::Region"},"eu-west-1"]})", "a", true},
      {R"({"Fn::Equals":[1,"1"]})", "a", true},
      {R"({"Fn::Not":[{"Fn::Equals":[{"Ref":"P"},"a"]}]})", "b", true},
      {R"({"Fn::Contains":[["a","b"],{"Ref":"P"}]})", "b", true},
      {R"({"Fn::Contains":[["a","b"],{"Ref":"P"}]})", "c", false},
      {R"({"Fn::Contains":[{"Ref":"L"},{"Ref":"P"}]})", "b", true},
      {R"({"Fn::EachMemberEquals":[["a","a"],{"Ref":"P"}]})", "a", true},
      {R"({"Fn::EachMemberEquals":[{"Ref":"L"},{"Ref":"P"}]})", "a", false},
      {R"({"Fn::EachMemberIn":[{"Ref":"L"},["a","b","c"]]})", "a", true},
      {R"({"Fn::EachMemberIn":[{"Ref":"L"},["a"]]})", "a", false},
      {R"({"Fn::And":[{"Fn::Equals":["a","a"]},{"Fn::Equals":[{"Ref":"P"},"a"]}]})", "b", false},
      {R"({"Fn::Or":[{"Fn::Equals":["a","a"]},{"Fn::Equals":[{"Ref":"P"},"a"]}]})", "b", true},
  };
  for (const auto& one : cases) {
    const auto rules = fmt::format(
        R"({{"Mine":{{"Assertions":[{{"Assert":{},"AssertDescription":"said so"}}]}}}})",
        one.assertion);
    EXPECT_EQ(ruled(rules, {{"P", one.p}}),
              one.holds ? "" : "Template error: Rule assertion failed: said so")
        << one.assertion << " " << one.p;
  }
}

TEST(Rules, HoldOnlyWhereTheirConditionDoes) {
  const auto* rules =
      R"({"A":{"RuleCondition":{"Fn::Equals":[{"Ref":"P"},"x"]},"Assertions":[{"Assert":{"Fn::Equals":["1","2"]},"AssertDescription":"first"},{"Assert":{"Fn::Equals":["1","3"]}}]}})";
  EXPECT_EQ(ruled(rules, {{"P", "a"}}), "");
  EXPECT_EQ(ruled(rules, {{"P", "x"}}),
            "Template error: Rule assertion failed: first; an assertion of the rule A is false");
}

TEST(Rules, AreCheckedForTheirForm) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"A":1})", "[/Rules/A] Every Rules object must be a map."},
      {R"({"A":{}})", "[/Rules/A] Every Rules object must contain a list of Assertions."},
      {R"({"A":{"Assertions":[]}})",
       "[/Rules/A] Every Rules object must contain a list of Assertions."},
      {R"({"A":{"Assertions":[1]}})", "[/Rules/A] Every assertion must contain an Assert member."},
      {R"({"A":{"Other":1,"Assertions":[]}})", "[/Rules/A] Invalid rule property 'Other'"},
      {R"({"A":{"Assertions":[{"Assert":{"Fn::Equals":["a","b"]},"X":1}]}})",
       "[/Rules/A] Invalid assertion property 'X'"},
      {R"({"A":{"Assertions":[{"Assert":true}]}})",
       "[/Rules/A] Assert must be a rule-specific function."},
      {R"({"A":{"Assertions":[{"Assert":{"Fn::Equals":["a"]}}]}})",
       "[/Rules/A] Assert Fn::Equals requires a list argument with two elements"},
      {R"({"A":{"Assertions":[{"Assert":{"Fn::And":[{"Fn::Equals":["a","b"]}]}}]}})",
       "[/Rules/A] Assert Fn::And requires a list argument with two to ten elements"},
      {R"({"A":{"Assertions":[{"Assert":{"Fn::Sub":"x"}}]}})",
       "[/Rules/A] Assert Fn::Sub is not supported in the Rules section"},
      {R"({"A":{"Assertions":[{"Assert":{"Fn::Equals":[{"Fn::Sub":"x"},"a"]}}]}})",
       "[/Rules/A] Assert Fn::Sub is not supported in the Rules section"},
      {R"({"A":{"Assertions":[{"Assert":{"Fn::Equals":[{"Ref":"R"},"a"]}}]}})",
       "Unresolved dependencies [R]. Cannot reference resources in the Rules block of the "
       "template"},
  };
  for (const auto& [rules, expected] : cases)
    EXPECT_EQ(ruled(rules, {}), std::string("Template format error: ") + expected) << rules;
  EXPECT_EQ(
      ruled(
          R"({"A":{"Assertions":[{"Assert":{"Fn::EachMemberIn":[{"Fn::RefAll":"AWS::EC2::VPC::Id"},["a"]]}}]}})",
          {}),
      "[/Rules/A] Assert Dewpoint does not support Fn::RefAll yet");
}

}  // namespace
}  // namespace dew::cloudformation
