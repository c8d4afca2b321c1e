#include "aws/trace_header.h"

#include <gtest/gtest.h>

namespace dew::aws {
namespace {

constexpr std::string_view kRoot = "1-5759e988-bd862e3fe1be46a994272793";
constexpr std::string_view kParent = "53995c3f42cd8ad8";

TEST(TraceHeader, ReadsTheFieldsInAnyOrder) {
  const auto header = parse_trace_header(
      "Self=1-67891234-12456789abcdef012345678;Sampled=1; Parent=53995c3f42cd8ad8;"
      "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a87bd80c:1");
  EXPECT_EQ(header.root, kRoot);
  EXPECT_EQ(header.parent, kParent);
  EXPECT_EQ(header.sampled, Sampled::kYes);
}

TEST(TraceHeader, WhatIsMalformedIsAbsent) {
  for (const std::string_view text :
       {"", ";;", "Root", "Root=", "Root=1-5759e988", "Root=2-5759e988-bd862e3fe1be46a994272793",
        "Root=1-5759e98g-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad;Sampled=yes",
        "root=1-5759e988-bd862e3fe1be46a994272793"}) {
    const auto header = parse_trace_header(text);
    EXPECT_EQ(header.root, "") << text;
    EXPECT_EQ(header.parent, "") << text;
    EXPECT_EQ(header.sampled, Sampled::kUndecided) << text;
  }
}

TEST(TraceHeader, UndecidedIsNeitherYesNorNo) {
  EXPECT_EQ(parse_trace_header("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=?").sampled,
            Sampled::kUndecided);
  EXPECT_EQ(parse_trace_header("Sampled=0").sampled, Sampled::kNo);
}

TEST(TraceHeader, WritesWhatItReads) {
  for (const auto sampled : {Sampled::kUndecided, Sampled::kNo, Sampled::kYes}) {
    const std::string text = trace_header(kRoot, kParent, sampled);
    const auto header = parse_trace_header(text);
    EXPECT_EQ(header.root, kRoot);
    EXPECT_EQ(header.parent, kParent);
    EXPECT_EQ(header.sampled, sampled);
  }
  EXPECT_EQ(trace_header(kRoot, "", Sampled::kUndecided), "Root=" + std::string(kRoot));
}

TEST(TraceHeader, NewIdsAreValid) {
  const auto id = new_trace_id(TimePoint(std::chrono::seconds(0x5759e988)));
  EXPECT_TRUE(is_trace_id(id)) << id;
  EXPECT_TRUE(id.starts_with("1-5759e988-"));
  EXPECT_TRUE(is_segment_id(new_segment_id()));
}

}  // namespace
}  // namespace dew::aws
