#include "serverless/naming.h"

namespace dew::serverless {

namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// One part of a path: its first letter upper, the others lower, - as Dash, {x} as xVar.
std::string normalized_part(std::string_view part) {
  std::string out;
  for (size_t i = 0; i < part.size(); ++i) out += i == 0 ? upper(part[i]) : lower(part[i]);
  replace_all(out, "-", "Dash");
  const size_t open = out.find('{');
  const size_t close = out.rfind('}');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    out.replace(close, 1, "Var");
    out.erase(open, 1);
  }
  return upper_first(alphanumeric(out));
}

// Where a character stands among others, its case aside; beyond ASCII by its bytes, at the end.
int rank(char c) {
  static constexpr std::string_view kPunctuation = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
  constexpr int kDigits = 100;
  constexpr int kLetters = 200;
  constexpr int kOthers = 300;
  if (c >= '0' && c <= '9') return kDigits + c - '0';
  if (const char small = lower(c); small >= 'a' && small <= 'z') return kLetters + small - 'a';
  const size_t at = kPunctuation.find(c);
  return at == std::string_view::npos ? kOthers + static_cast<unsigned char>(c)
                                      : static_cast<int>(at);
}

}  // namespace

bool locale_less(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (rank(a[i]) != rank(b[i])) return rank(a[i]) < rank(b[i]);
  }
  if (a.size() != b.size()) return a.size() < b.size();
  for (size_t i = 0; i < common; ++i) {
    if (a[i] != b[i]) return a[i] > b[i];  // a before A
  }
  return false;
}

std::string upper_first(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = upper(out[0]);
  return out;
}

std::string alphanumeric(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) out += c;
  }
  return out;
}

std::string normalized_function(std::string_view name) {
  std::string out(name);
  replace_all(out, "-", "Dash");
  replace_all(out, "_", "Underscore");
  return upper_first(out);
}

std::string normalized_path(std::string_view path) {
  std::string out;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    out += normalized_part(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace dew::serverless
