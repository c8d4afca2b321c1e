#include "services/ssm/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/ids.h"
#include "services/ssm/filters.h"
#include "store/memory/memory_store.h"

namespace dew::ssm {
namespace {

class NoCaller final : public aws::Caller {
 public:
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object) override {
    return aws::fail("InternalFailure", "not expected", 500);
  }
};

class SsmTest : public testing::Test {
 protected:
  SsmTest() {
    config.data_directory =
        (std::filesystem::temp_directory_path() / ("dew-ssm-" + random_hex(12))).string();
    service = std::make_unique<Service>(context);
    service->register_operations(registry);
  }
  ~SsmTest() override { std::filesystem::remove_all(config.data_directory); }

  aws::ApiResult<json::Value> call(const std::string& operation, json::Object input) {
    aws::Call one;
    one.input = std::move(input);
    return registry.find("ssm", operation)->handler(one);
  }
  json::Value ok(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    if (answer) return *answer;
    ADD_FAILURE() << operation << ": " << answer.error().code << ": " << answer.error().message;
    return nullptr;
  }
  std::string code(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    return answer ? "none" : answer.error().code;
  }
  void put(const std::string& name, const std::string& value, const std::string& type = "String",
           bool overwrite = false) {
    ok("PutParameter",
       {{"Name", name}, {"Value", value}, {"Type", type}, {"Overwrite", overwrite}});
  }
  std::string get(const std::string& name, bool decrypt = false) {
    return json::str(ok("GetParameter", {{"Name", name}, {"WithDecryption", decrypt}})
                         .at("Parameter")
                         .at("Value"));
  }

  services::Config config;
  ManualClock clock{TimePoint(std::chrono::seconds(1'700'000'000))};
  std::unique_ptr<store::Store> store = store::make_memory_store();
  NoCaller caller;
  net::Loops loops{1};
  net::Workers workers{1};
  services::Context context{config, clock, *store, caller, loops, workers};
  std::unique_ptr<Service> service;
  aws::Registry registry;
};

TEST_F(SsmTest, KeepsVersions) {
  put("/a/b", "one");
  EXPECT_EQ(code("PutParameter", {{"Name", "/a/b"}, {"Value", "two"}, {"Type", "String"}}),
            "ParameterAlreadyExists");
  EXPECT_EQ(
      ok("PutParameter", {{"Name", "/a/b"}, {"Value", "two"}, {"Overwrite", true}}).at("Version"),
      2);
  EXPECT_EQ(get("/a/b"), "two");
  EXPECT_EQ(get("/a/b:1"), "one");
  EXPECT_EQ(get("arn:aws:ssm:us-east-1:000000000000:parameter/a/b"), "two");
  EXPECT_EQ(code("GetParameter", {{"Name", "/a/b:3"}}), "ParameterVersionNotFound");
  EXPECT_EQ(code("GetParameter", {{"Name", "/a/c"}}), "ParameterNotFound");
  const auto parameter = ok("GetParameter", {{"Name", "/a/b:2"}}).at("Parameter");
  EXPECT_EQ(
      json::dump(parameter),
      R"({"Name":"/a/b","Type":"String","Value":"two","Version":2,"LastModifiedDate":1.7E9,"DataType":"text","ARN":"arn:aws:ssm:us-east-1:000000000000:parameter/a/b","Selector":":2"})");
  for (int i = 3; i <= 103; ++i) put("/a/b", std::to_string(i), "String", true);
  EXPECT_EQ(ok("GetParameterHistory", {{"Name", "/a/b"}}).at("Parameters").as_array().size(), 50U);
  EXPECT_EQ(code("GetParameter", {{"Name", "/a/b:3"}}), "ParameterVersionNotFound");
  EXPECT_EQ(get("/a/b:4"), "4");
}

TEST_F(SsmTest, SealsSecureStrings) {
  put("/secret", "hunter2", "SecureString");
  const auto sealed = get("/secret");
  EXPECT_THAT(sealed, testing::StartsWith("dew:1:"));
  EXPECT_EQ(get("/secret", true), "hunter2");
  for (auto cursor = store->cursor("", ""); cursor->valid(); cursor->next()) {
    EXPECT_EQ(cursor->value().find("hunter2"), std::string_view::npos);
  }
  struct stat info{};
  ASSERT_EQ(::stat((config.data_directory + "/ssm/key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_EQ(info.st_size, 32);

  Sealer sealer(config.data_directory + "/ssm/key");
  EXPECT_EQ(sealer.unseal("/secret", sealed).value(), "hunter2");
  EXPECT_FALSE(sealer.unseal("/other", sealed));
  auto damaged = sealed;
  damaged[20] = damaged[20] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(sealer.unseal("/secret", damaged));
  EXPECT_FALSE(Sealer(config.data_directory + "/none").unseal("/secret", sealed));
}

TEST_F(SsmTest, ListsByPath) {
  for (const auto* name : {"/a/1", "/a/2", "/a/b/3", "/ab", "plain"}) put(name, "v");
  const auto names = [&](json::Object input) {
    std::string out;
    const auto answer = ok("GetParametersByPath", std::move(input));
    for (const auto& one : answer.at("Parameters").as_array())
      out += json::str(one.at("Name")) + " ";
    return out;
  };
  EXPECT_EQ(names({{"Path", "/a"}}), "/a/1 /a/2 ");
  EXPECT_EQ(names({{"Path", "/a/"}, {"Recursive", true}}), "/a/1 /a/2 /a/b/3 ");
  EXPECT_EQ(names({{"Path", "/"}}), "/ab plain ");
  const auto first =
      ok("GetParametersByPath", {{"Path", "/a"}, {"Recursive", true}, {"MaxResults", 2}});
  EXPECT_EQ(names({{"Path", "/a"},
                   {"Recursive", true},
                   {"MaxResults", 2},
                   {"NextToken", first.at("NextToken")}}),
            "/a/b/3 ");
  EXPECT_EQ(code("GetParametersByPath", {{"Path", "a"}}), "ValidationException");
  EXPECT_EQ(code("GetParametersByPath", {{"Path", "/a"}, {"NextToken", "?"}}), "InvalidNextToken");
}

TEST_F(SsmTest, DescribesWithFilters) {
  ok("PutParameter", {{"Name", "/a/1"},
                      {"Value", "v"},
                      {"Type", "String"},
                      {"Tags", json::Array{json::Object{{"Key", "team"}, {"Value", "x"}}}}});
  put("/a/b/2", "v,w", "StringList");
  const auto count = [&](json::Object filter) {
    return ok("DescribeParameters", {{"ParameterFilters", json::Array{filter}}})
        .at("Parameters")
        .as_array()
        .size();
  };
  EXPECT_EQ(count({{"Key", "Name"}, {"Option", "BeginsWith"}, {"Values", json::Array{"/a/"}}}), 2U);
  EXPECT_EQ(count({{"Key", "Path"}, {"Values", json::Array{"/a"}}}), 1U);
  EXPECT_EQ(count({{"Key", "Path"}, {"Option", "Recursive"}, {"Values", json::Array{"/a"}}}), 2U);
  EXPECT_EQ(count({{"Key", "Type"}, {"Values", json::Array{"StringList"}}}), 1U);
  EXPECT_EQ(count({{"Key", "tag:team"}, {"Values", json::Array{"x"}}}), 1U);
  EXPECT_EQ(count({{"Key", "tag:team"}, {"Values", json::Array{"y"}}}), 0U);
  EXPECT_EQ(code("DescribeParameters",
                 {{"ParameterFilters",
                   json::Array{json::Object{{"Key", "Label"}, {"Values", json::Array{"x"}}}}}}),
            "InvalidFilterKey");
}

TEST_F(SsmTest, LabelsNameVersions) {
  put("/l/a", "one", "String");
  ok("PutParameter", {{"Name", "/l/a"}, {"Value", "two"}, {"Overwrite", true}});
  const auto label = [&](int version, json::Array labels) {
    return ok("LabelParameterVersion",
              {{"Name", "/l/a"}, {"ParameterVersion", version}, {"Labels", std::move(labels)}});
  };
  const auto value = [&](const char* name) {
    return ok("GetParameter", {{"Name", name}}).at("Parameter").at("Value");
  };
  EXPECT_EQ(label(1, {"prod", "1st", "aws-x", "a b"}).at("InvalidLabels").as_array().size(), 3U);
  EXPECT_EQ(value("/l/a:prod"), "one");
  label(2, {"prod"});  // it moves
  EXPECT_EQ(value("/l/a:prod"), "two");
  EXPECT_EQ(code("GetParameter", {{"Name", "/l/a:other"}}), "ParameterVersionNotFound");
  const auto history = ok("GetParameterHistory", {{"Name", "/l/a"}}).at("Parameters").as_array();
  EXPECT_TRUE(history[0].at("Labels").as_array().empty());
  EXPECT_EQ(history[1].at("Labels").as_array().size(), 1U);
  label(1, {"old"});
  const auto by_label =
      ok("GetParametersByPath",
         {{"Path", "/l"},
          {"ParameterFilters",
           json::Array{json::Object{{"Key", "Label"}, {"Values", json::Array{"old"}}}}}})
          .at("Parameters")
          .as_array();
  ASSERT_EQ(by_label.size(), 1U);
  EXPECT_EQ(by_label[0].at("Value"), "one");
  EXPECT_EQ(code("LabelParameterVersion",
                 {{"Name", "/l/a"}, {"ParameterVersion", 9}, {"Labels", json::Array{"x"}}}),
            "ParameterVersionNotFound");
  json::Array many;
  for (const char c : std::string_view("abcdefghij")) many.emplace_back(std::string(1, c));
  EXPECT_EQ(
      code("LabelParameterVersion", {{"Name", "/l/a"}, {"ParameterVersion", 2}, {"Labels", many}}),
      "ParameterVersionLabelLimitExceeded");
  const auto off =
      ok("UnlabelParameterVersion",
         {{"Name", "/l/a"}, {"ParameterVersion", 2}, {"Labels", json::Array{"prod", "none"}}});
  EXPECT_EQ(off.at("RemovedLabels").as_array().size(), 1U);
  EXPECT_EQ(off.at("InvalidLabels").as_array().size(), 1U);
  // A labelled version cannot be the one that makes room.
  for (int64_t version = 3; version <= kMaxVersions; ++version)
    ok("PutParameter", {{"Name", "/l/a"}, {"Value", "v"}, {"Overwrite", true}});
  EXPECT_EQ(code("PutParameter", {{"Name", "/l/a"}, {"Value", "v"}, {"Overwrite", true}}),
            "ParameterMaxVersionLimitExceeded");
  ok("UnlabelParameterVersion",
     {{"Name", "/l/a"}, {"ParameterVersion", 1}, {"Labels", json::Array{"old"}}});
  ok("PutParameter", {{"Name", "/l/a"}, {"Value", "v"}, {"Overwrite", true}});
}

TEST_F(SsmTest, RefusesWhatAwsRefuses) {
  const auto put_code = [&](json::Object input) {
    if (!input.contains("Type")) input["Type"] = "String";
    if (!input.contains("Value")) input["Value"] = "v";
    return code("PutParameter", std::move(input));
  };
  EXPECT_EQ(put_code({{"Name", "a/b"}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "/a//b"}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "/a b"}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "SSM-x"}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "/aws/x"}}), "AccessDeniedException");
  EXPECT_EQ(put_code({{"Name", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"}}),
            "HierarchyLevelLimitExceededException");
  EXPECT_EQ(put_code({{"Name", "x"}, {"Value", std::string(4097, 'x')}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "x"}, {"Value", "{{ssm:y}}"}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "x"}, {"AllowedPattern", "[0-9]+"}}),
            "ParameterPatternMismatchException");
  EXPECT_EQ(put_code({{"Name", "x"}, {"AllowedPattern", "("}}), "InvalidAllowedPatternException");
  EXPECT_EQ(put_code({{"Name", "x"}, {"Policies", "[{}]"}}), "ValidationException");
  EXPECT_EQ(put_code({{"Name", "x"}, {"Type", "SecureString"}, {"KeyId", "alias/mine"}}),
            "InvalidKeyId");
  EXPECT_EQ(json::str(ok("PutParameter", {{"Name", "big"},
                                          {"Type", "String"},
                                          {"Tier", "Intelligent-Tiering"},
                                          {"Value", std::string(5000, 'x')}})
                          .at("Tier")),
            "Advanced");
}

TEST_F(SsmTest, DeletesAndTags) {
  put("/x", "v");
  ok("AddTagsToResource", {{"ResourceType", "Parameter"},
                           {"ResourceId", "/x"},
                           {"Tags", json::Array{json::Object{{"Key", "k"}, {"Value", "v"}}}}});
  put("/x", "w", "String", true);
  EXPECT_EQ(
      json::dump(ok("ListTagsForResource", {{"ResourceType", "Parameter"}, {"ResourceId", "/x"}})),
      R"({"TagList":[{"Key":"k","Value":"v"}]})");
  ok("RemoveTagsFromResource",
     {{"ResourceType", "Parameter"}, {"ResourceId", "/x"}, {"TagKeys", json::Array{"k"}}});
  EXPECT_EQ(code("ListTagsForResource", {{"ResourceType", "Parameter"}, {"ResourceId", "/y"}}),
            "InvalidResourceId");
  EXPECT_EQ(json::dump(ok("DeleteParameters", {{"Names", json::Array{"/x", "/y"}}})),
            R"({"DeletedParameters":["/x"],"InvalidParameters":["/y"]})");
  EXPECT_EQ(code("DeleteParameter", {{"Name", "/x"}}), "ParameterNotFound");
  put("/x", "again");
  EXPECT_EQ(ok("GetParameter", {{"Name", "/x"}}).at("Parameter").at("Version"), 1);
}

}  // namespace
}  // namespace dew::ssm
