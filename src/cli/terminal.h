// What people see. Results go to standard output, progress and errors to standard error; colours
// only on a terminal, and not when NO_COLOR is set (no-color.org). Thread-safe: a line is written
// whole.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace dew::cli {

enum class Style { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// `text` in that style for standard error or output, or as it is when that is no terminal.
std::string styled(Style style, std::string_view text, int fd = 2);

void print_out(std::string_view line);       // to standard output, newline added
void print_progress(std::string_view line);  // to standard error, newline added; dropped when quiet
void print_warning(std::string_view line);
void print_error(std::string_view line);  // "error: ..."
void set_quiet(bool quiet);               // no progress lines: errors and warnings only

std::string size_text(size_t bytes);       // 1.4 MB
std::string seconds_text(double seconds);  // 0.42 s

}  // namespace dew::cli
