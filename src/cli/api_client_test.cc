#include "cli/api_client.h"

#include <gtest/gtest.h>

namespace dew::cli {
namespace {

TEST(Xml, FindsByPath) {
  const Xml xml = parse_xml(
      "<DescribeStacksResponse "
      "xmlns=\"http://x\"><DescribeStacksResult><Stacks><member><StackName>a&amp;b</StackName>"
      "<Outputs><member><OutputKey>k</OutputKey></member><member/></Outputs></member></Stacks></"
      "DescribeStacksResult>"
      "</DescribeStacksResponse>");
  EXPECT_EQ(xml.value("DescribeStacksResult.Stacks.member.StackName"), "a&b");
  EXPECT_EQ(xml.find("DescribeStacksResult.Stacks.member.Outputs")->children.size(), 2U);
  EXPECT_EQ(xml.find("DescribeStacksResult.Nothing"), nullptr);
  EXPECT_EQ(xml.value("DescribeStacksResult.Nothing.More"), "");
  EXPECT_TRUE(parse_xml("not xml").name.empty());
}

TEST(ApiClient, SaysWhatToDoWhenNothingAnswers) {
  ApiClient api("http://127.0.0.1:1", "us-east-1", {"test", "test", ""});
  const auto answer = api.json("ssm", "AmazonSSM", "GetParameter", {{"Name", "x"}});
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().unreachable());
  EXPECT_NE(answer.error().message.find("dew up"), std::string::npos);
}

}  // namespace
}  // namespace dew::cli
