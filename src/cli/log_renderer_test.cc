#include "cli/log_renderer.h"

#include <gtest/gtest.h>

namespace dew::cli {
namespace {

constexpr const char* kId = "0190c1de-1111-4222-8333-444455556666";

// Without the time, which is the machine's.
std::string shown(LogRenderer& renderer, const std::string& message, std::string_view name = "") {
  const auto line = renderer.line({"/g", "s", 1'700'000'000'123, message}, name);
  EXPECT_EQ(line.substr(8, 5), ".123 ");
  return line.substr(13);
}

TEST(LogRenderer, ShowsLinesForPeople) {
  const std::string id = kId;
  struct Case {
    std::string message;
    std::string shown;
  };
  const Case cases[] = {
      {"hello\n", "hello"},
      {"2023-11-14T22:13:20.123Z\t" + id + "\tINFO\ttook 5 ms\n", "0190c1de INFO took 5 ms"},
      {"a\tb\tc\td", "a\tb\tc\td"},
      {R"({"timestamp":"t","level":"info","requestId":")" + id + R"(","message":"done","ms":5})",
       "0190c1de INFO done ms=5"},
      {R"({"level":30,"msg":"pino","user":"ann lee","tags":["a"]})",
       R"(pino user="ann lee" tags=["a"] level=30)"},
      {R"({"message":{"a":1}})", R"({"a":1})"},
      {R"({"_aws":{"Timestamp":1},"Latency":5})", "Latency=5"},
      {R"~({"level":"ERROR","errorType":"KeyError","errorMessage":"no","stackTrace":["  File \"a.py\"\n    x()"]})~",
       "ERROR errorType=KeyError errorMessage=no\n    File \"a.py\"\n    x()"},
      {R"({"time":"t","type":"platform.report","record":{"requestId":")" + id +
           R"(","metrics":{"durationMs":1.5}}})",
       R"(0190c1de platform.report metrics={"durationMs":1.5E0})"},
      {R"({"broken)", R"({"broken)"},
      {"[1,2]", "[1,2]"},
      {"REPORT RequestId: " + id + "\tDuration: 2 ms",
       "0190c1de REPORT RequestId: " + id + "\tDuration: 2 ms"},
      {"\x1b[31mred\x1b[0m \x1b[2Jgone\rover\x07", "\x1b[31mred\x1b[0m \\x1b[2Jgone\\x0dover\\x07"},
      {R"({"message":"\u001b]0;title\u0007"})", "\\x1b]0;title\\x07"},
  };
  for (const auto& one : cases) {
    LogRenderer renderer;
    EXPECT_EQ(shown(renderer, one.message), one.shown);
  }
}

TEST(LogRenderer, KnowsWhichRequestAStreamRuns) {
  LogRenderer renderer;
  shown(renderer, std::string("START RequestId: ") + kId + " Version: $LATEST\n");
  EXPECT_EQ(shown(renderer, "print", "api"), "api 0190c1de print");
  EXPECT_EQ(renderer.line({"/g", "another", 123, "print"}, "").substr(13), "print");
  EXPECT_EQ(renderer.json_line({"/g", "s", 5, "print\n"}),
            std::string(R"({"timestamp":5,"stream":"s","requestId":")") + kId +
                R"(","message":"print\n"})");
  EXPECT_EQ(renderer.json_line({"/g", "t", 5, "x"}),
            R"({"timestamp":5,"stream":"t","message":"x"})");
}

}  // namespace
}  // namespace dew::cli
