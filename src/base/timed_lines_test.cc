#include "base/timed_lines.h"

#include <gtest/gtest.h>

namespace dew {
namespace {

std::string shown(const TimedLines& lines) {
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i)
    out += std::to_string(lines[i].timestamp_ms) + std::string(lines[i].text) + ' ';
  return out;
}

TEST(TimedLines, KeepsTextsWithTheirTimes) {
  TimedLines lines;
  EXPECT_TRUE(lines.empty());
  lines.add(5, "five", "\n");
  lines.add(3, "");
  lines.add(3, "three");
  EXPECT_EQ(shown(lines), "5five\n 3 3three ");
  EXPECT_EQ(lines.bytes(), 10 + 3 * TimedLines::kOverheadBytes);

  TimedLines more;
  more.add(1, "one");
  more.add(9, "nine");
  lines.append(more);
  EXPECT_EQ(lines.size(), 5U);
  lines.sort_by_time();
  EXPECT_EQ(shown(lines), "1one 3 3three 5five\n 9nine ");
  TimedLines cut;
  cut.append(lines, 3);
  EXPECT_EQ(shown(cut), "1one 3 3thr 5fiv 9nin ");
  lines = std::move(cut);
  lines.erase(0, 2);
  lines.erase(2, 3);
  EXPECT_EQ(shown(lines), "3thr 5fiv ");

  TimedLines empty;
  empty.append(lines);
  EXPECT_EQ(shown(empty), "3thr 5fiv ");
  lines.clear();
  EXPECT_TRUE(lines.empty());
  EXPECT_EQ(lines.bytes(), 0U);
  lines.add(1, std::string(10'000, 'x'));
  lines.clear();
  EXPECT_TRUE(lines.empty());
}

}  // namespace
}  // namespace dew
