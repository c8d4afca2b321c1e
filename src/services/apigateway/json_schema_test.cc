#include "services/apigateway/json_schema.h"

#include <gmock/gmock.h>

#include <set>

#include "aws/test_data.h"

namespace dew::apigateway {
namespace {

using testing::HasSubstr;

JsonSchema compiled(std::string_view text) {
  auto out = JsonSchema::compile(json::parse(text).value());
  EXPECT_TRUE(out.has_value()) << text << ": " << (out ? "" : out.error().message);
  return out.value_or(*JsonSchema::compile(json::Object()));
}
std::string refusal(std::string_view text) {
  const auto out = JsonSchema::compile(json::parse(text).value());
  return out ? "" : out.error().message;
}

// Needs `id` as a base for references, or documents of the network.
const std::set<std::string> kBeyond = {"refRemote.json", "id.json"};
// Groups that do, in files that otherwise do not. Regular expressions of ECMA's that RE2 has not.
bool is_beyond(const std::string& group) {
  static const std::set<std::string> kGroups = {
      "remote ref, containing refs itself",
      "Recursive references between schemas",
      "refs with relative uris and defs",
      "relative refs with absolute uris and defs",
      "Location-independent identifier",
      "Location-independent identifier with base URI change in subschema",
      "$ref prevents a sibling id from changing the base uri",
      "validate definition against metaschema",
      "id must be resolved against nearest parent, not just immediate parent",
      "id with file URI still resolves pointers - *nix",
      "id with file URI still resolves pointers - windows",
      "empty tokens in $ref json-pointer",
      "$ref to $ref finds detached $anchor",
  };
  return kGroups.contains(group);
}

TEST(JsonSchemaTest, AgreesWithThePublicTestSuite) {
  const auto folder = aws::test_data() / "json-schema-draft4";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no test data at " << folder;
  size_t checked = 0;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json" && !kBeyond.contains(entry.path().filename()))
      files.push_back(entry.path());
  }
  for (const auto* format : {"date-time", "email", "hostname", "ipv4", "ipv6", "uri"}) {
    const auto path = folder / "optional" / "format" / (std::string(format) + ".json");
    if (std::filesystem::exists(path)) files.push_back(path);
  }
  files.push_back(folder / "optional" / "zeroTerminatedFloats.json");
  for (const auto& path : files) {
    const auto groups = json::parse(aws::read_file(path));
    ASSERT_TRUE(groups) << path;
    for (const auto& group : groups->as_array()) {
      const auto name = json::string_or(group.as_object(), "description");
      if (is_beyond(name)) continue;
      const auto schema = JsonSchema::compile(group.at("schema"));
      if (!schema) {
        ADD_FAILURE() << path.filename() << ": " << name << ": " << schema.error().message;
        continue;
      }
      // Whatever a schema takes, its negation does not. (References are pointers from the root,
      // which the negation moves.)
      const bool refers = json::dump(group.at("schema")).find("$ref") != std::string::npos;
      const auto negation = JsonSchema::compile(json::Object{{"not", group.at("schema")}});
      for (const auto& test : group.at("tests").as_array()) {
        if (!refers && negation) {
          EXPECT_NE(!schema->check(test.at("data")), !negation->check(test.at("data")))
              << path.filename() << ": " << name;
        }
        const auto wrong = schema->check(test.at("data"));
        EXPECT_EQ(!wrong, test.at("valid").as_bool())
            << path.filename() << ": " << name << ": "
            << json::string_or(test.as_object(), "description") << ": " << wrong.value_or("");
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 500U);
}

TEST(JsonSchemaTest, SaysWhatIsWrongAndWhere) {
  const auto schema = compiled(R"({"type":"object","required":["name"],"properties":{
    "name":{"type":"string","minLength":2},"tags":{"type":"array","items":{"type":"string"}}}})");
  EXPECT_FALSE(schema.check(json::parse(R"({"name":"ab"})").value()));
  EXPECT_EQ(schema.check(json::parse("{}").value()), "the body lacks the property name");
  EXPECT_EQ(schema.check(json::parse(R"({"name":"a"})").value()), "/name is too short");
  EXPECT_EQ(schema.check(json::parse(R"({"name":"ab","tags":["x",1]})").value()),
            "/tags/1 is of a wrong type");
  EXPECT_EQ(schema.check(json::parse("[]").value()), "the body is of a wrong type");
}

TEST(JsonSchemaTest, RefusesSchemasThatAreNone) {
  EXPECT_THAT(refusal("[]"), HasSubstr("must be an object"));
  EXPECT_THAT(refusal(R"({"type":"text"})"), HasSubstr("unknown type"));
  EXPECT_THAT(refusal(R"({"properties":{"a":{"minLength":-1}}})"),
              HasSubstr("/properties/a minLength must be a whole number"));
  EXPECT_THAT(refusal(R"({"required":true})"), HasSubstr("required must be a list"));
  EXPECT_THAT(refusal(R"x({"pattern":"(?=x)"})x"), HasSubstr("regular expression"));
  EXPECT_THAT(refusal(R"({"$ref":"#/definitions/none"})"), HasSubstr("which is not there"));
  EXPECT_THAT(refusal(R"({"$ref":"http://elsewhere/x"})"), HasSubstr("which is not known"));
  EXPECT_THAT(refusal(R"({"$ref":"#"})"), HasSubstr("leads to itself"));
}

TEST(JsonSchemaTest, OtherDocumentsComeFromTheResolver) {
  const auto resolver = [](std::string_view name) -> Result<json::Value> {
    if (name == "https://models/Pet")
      return json::parse(R"({"type":"object","properties":{"next":{"$ref":"#"},
                             "kind":{"$ref":"https://models/Kind"}}})");
    if (name == "https://models/Kind") return json::parse(R"({"enum":["cat","dog"]})");
    return fail(ErrorKind::kNotFound, "no such model");
  };
  const auto schema = JsonSchema::compile(
      json::parse(R"({"type":"array","items":{"$ref":"https://models/Pet"}})").value(), resolver);
  ASSERT_TRUE(schema);
  EXPECT_FALSE(schema->check(json::parse(R"([{"kind":"cat","next":{"kind":"dog"}}])").value()));
  EXPECT_EQ(schema->check(json::parse(R"([{"next":{"kind":"cow"}}])").value()),
            "/0/next/kind is none of the allowed values");
}

TEST(JsonSchemaTest, TheWorkIsBounded) {
  const auto schema =
      compiled(R"({"definitions":{"a":{"anyOf":[{"items":{"$ref":"#/definitions/a"},"minItems":9},
    {"items":{"$ref":"#/definitions/a"},"minItems":9}]}},"$ref":"#/definitions/a"})");
  std::string deep = "1";
  for (int i = 0; i < 25; ++i) deep = "[" + deep + "]";
  EXPECT_TRUE(schema.check(json::parse(deep).value()));
  const auto loop = compiled(R"({"allOf":[{"$ref":"#"}]})");
  EXPECT_EQ(loop.check(json::Value(1)), "the body is nested too deeply");
}

}  // namespace
}  // namespace dew::apigateway
