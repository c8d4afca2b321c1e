#include "cli/terminal.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace dew::cli {

namespace {

std::atomic<bool> quiet = false;

bool colours(int fd) {
  const char* off = std::getenv("NO_COLOR");
  if (off && *off) return false;
  const char* term = std::getenv("TERM");
  return isatty(fd) == 1 && term && std::string_view(term) != "dumb";
}

void write_line(int fd, std::string_view line) {
  std::string out(line);
  out += '\n';
  for (size_t done = 0; done < out.size();) {
    const ssize_t wrote = write(fd, out.data() + done, out.size() - done);
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return;
    }
    done += static_cast<size_t>(wrote);
  }
}

}  // namespace

std::string styled(Style style, std::string_view text, int fd) {
  static constexpr std::string_view kCodes[] = {"0", "1", "2", "31", "32", "33", "36"};
  if (style == Style::kPlain || !colours(fd)) return std::string(text);
  return fmt::format("\033[{}m{}\033[0m", kCodes[static_cast<size_t>(style)], text);
}

void print_out(std::string_view line) { write_line(1, line); }

void print_progress(std::string_view line) {
  if (!quiet) write_line(2, line);
}

void print_warning(std::string_view line) {
  write_line(2, fmt::format("{} {}", styled(Style::kYellow, "warning:"), line));
}

void print_error(std::string_view line) {
  write_line(2, fmt::format("{} {}", styled(Style::kRed, "error:"), line));
}

void set_quiet(bool value) { quiet = value; }

std::string size_text(size_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string seconds_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.0f} ms", seconds * 1000) : fmt::format("{:.1f} s", seconds);
}

}  // namespace dew::cli
