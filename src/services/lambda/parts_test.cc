// The parts that need no process: names, output, reports, archives, records.
#include <gtest/gtest.h>
#include <zip.h>

#include <filesystem>

#include "base/ids.h"
#include "services/lambda/function.h"
#include "services/lambda/names.h"
#include "services/lambda/output_lines.h"
#include "services/lambda/report.h"
#include "services/lambda/zip.h"

namespace dew::lambda {
namespace {

namespace fs = std::filesystem;

TEST(Names, AllForms) {
  for (const char* text : {"f", "function:f", "000000000000:function:f",
                           "arn:aws:lambda:us-east-1:000000000000:function:f"}) {
    const auto plain = parse_function_name(text);
    ASSERT_TRUE(plain) << text;
    EXPECT_EQ(plain->name, "f");
    EXPECT_EQ(plain->qualifier, "");
    const std::string qualified = std::string(text) + ":live";
    const auto alias = parse_function_name(qualified);
    ASSERT_TRUE(alias) << qualified;
    EXPECT_EQ(alias->qualifier, "live");
  }
  for (const char* text : {"", ":", "a b", "arn:aws:s3:::x", "f:", "f:a:b", "f:$OTHER",
                           "arn:aws:lambda:us-east-1:000000000000:function"}) {
    EXPECT_FALSE(parse_function_name(text)) << text;
  }
}

std::vector<std::string> events(std::string_view bytes, size_t piece) {
  OutputLines lines;
  std::vector<std::string> out;
  const auto emit = [&](std::string_view text) { out.emplace_back(text); };
  for (size_t at = 0; at < bytes.size(); at += piece) lines.feed(bytes.substr(at, piece), emit);
  lines.flush(emit);
  return out;
}

TEST(Output, LinesAndFrames) {
  const std::string frame =
      std::string(kFrameMagic) + std::string("\0\0\0\x05", 4) + std::string(8, '\0') + "a\nb\nc";
  const std::string text = "one\ntwo" + frame + "three";
  for (size_t piece = 1; piece < 40; ++piece) {
    EXPECT_EQ(events(text, piece), (std::vector<std::string>{"one", "two", "a\nb\nc", "three"}))
        << piece;
  }
  // A frame whose first bytes end a piece, and what only looks like one.
  EXPECT_EQ(events("a\xA5\x5A"
                   "b\n\xA5\n",
                   2),
            (std::vector<std::string>{"a\xA5\x5A"
                                      "b",
                                      "\xA5"}));
  const auto cut = events(std::string(kMaxEventBytes + 5, 'x'), 1000);
  ASSERT_EQ(cut.size(), 2U);
  EXPECT_EQ(cut[0].size(), kMaxEventBytes);
}

TEST(Reports, AreInAwsFormat) {
  EXPECT_EQ(start_line("id", "$LATEST"), "START RequestId: id Version: $LATEST\n");
  EXPECT_EQ(
      report_line({.request_id = "id",
                   .duration_ms = 1.234,
                   .init_ms = 98.761,
                   .memory_mb = 128,
                   .peak_mb = 45,
                   .status = {},
                   .error_type = {}}),
      "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB\t"
      "Max Memory Used: 45 MB\tInit Duration: 98.76 ms\t\n");
  const auto failure = exit_failure({.kind = sandbox::Exit::Kind::kSignaled, .value = 9}, "x");
  EXPECT_EQ(
      platform_error("id", failure.type, failure.message),
      R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: id Error: Runtime exited with error: signal: killed"})");
}

class ZipTest : public ::testing::Test {
 protected:
  ZipTest() : directory_(fs::temp_directory_path() / ("dew-zip-" + random_hex(12))) {
    fs::create_directories(directory_ / "out");
  }
  ~ZipTest() override { fs::remove_all(directory_); }

  struct Entry {
    std::string name;
    std::string text;
    uint32_t mode = 0100644;
  };
  std::string archive(const std::vector<Entry>& entries) const {
    const std::string path = (directory_ / "a.zip").string();
    zip_t* z = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    for (const auto& entry : entries) {
      auto* source = zip_source_buffer(z, entry.text.data(), entry.text.size(), 0);
      const auto index = zip_file_add(z, entry.name.c_str(), source, 0);
      zip_file_set_external_attributes(z, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                       entry.mode << 16);
    }
    zip_close(z);
    std::FILE* file = std::fopen(path.c_str(), "rb");
    std::string bytes(fs::file_size(path), '\0');
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    return bytes;
  }
  fs::path directory_;
};

TEST_F(ZipTest, UnpacksAndKeepsExecutableBits) {
  ASSERT_TRUE(unzip(archive({{"bootstrap", "x", 0100755}, {"lib/data", "y", 0100600}}),
                    (directory_ / "out").string()));
  const auto mode = [&](const char* name) {
    return fs::status(directory_ / "out" / name).permissions();
  };
  EXPECT_NE(mode("bootstrap") & fs::perms::others_exec, fs::perms::none);
  EXPECT_NE(mode("lib/data") & fs::perms::others_read, fs::perms::none);
}

TEST_F(ZipTest, RefusesWhatLeadsOut) {
  const std::string out = (directory_ / "out").string();
  EXPECT_EQ(unzip(archive({{"../evil", "x"}}), out).error().problem, ZipProblem::kUnsafe);
  EXPECT_EQ(unzip(archive({{"link", "/etc/passwd", 0120777}}), out).error().problem,
            ZipProblem::kUnsafe);
  EXPECT_EQ(unzip("not a zip", out).error().problem, ZipProblem::kNotAnArchive);
  EXPECT_FALSE(fs::exists(directory_ / "evil"));
}

TEST_F(ZipTest, RefusesBombs) {
  const std::string big(130'000, 'a');
  const auto result =
      unzip(archive({{"a", big}, {"b", big}, {"c", big}}), (directory_ / "out").string(), 262'144);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "Unzipped size must be smaller than 262144 bytes");
}

TEST(Records, RoundTrip) {
  FunctionRecord record;
  record.name = "f";
  record.latest.function_name = "f";
  record.latest.environment["A"] = "b";
  record.versions[1] = record.latest;
  record.versions[1].version = "1";
  record.next_version = 2;
  record.aliases["live"] = {"live", "1", "d", "r"};
  record.policies[""].statements.push_back(statement_from_json(
      {{"Sid", "s"},
       {"Effect", "Allow"},
       {"Principal", json::Object{{"Service", "x.amazonaws.com"}}},
       {"Action", "lambda:InvokeFunction"},
       {"Condition", json::Object{{"ArnLike", json::Object{{"AWS:SourceArn", "arn:*"}}}}}}));
  record.reserved_concurrency = 5;
  const auto again = record_from_json(to_json(record));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again), to_json(record));
  EXPECT_EQ(again->policies.at("").statements.front().source_arn, "arn:*");
  EXPECT_EQ(again->find("live")->version, "1");
  EXPECT_EQ(again->find("2"), nullptr);
}

}  // namespace
}  // namespace dew::lambda
