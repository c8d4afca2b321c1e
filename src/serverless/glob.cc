#include "serverless/glob.h"

#include <fmt/format.h>

#include <charconv>

namespace dew::serverless {

namespace {

bool is_special(char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; }

// Splits what stands between two braces at its top-level commas, or expands a range of numbers or
// letters.
std::vector<std::string> choices(std::string_view body) {
  std::vector<std::string> out;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == '\\')
      ++i;
    else if (body[i] == '{')
      ++depth;
    else if (body[i] == '}')
      --depth;
    else if (body[i] == ',' && depth == 0) {
      out.emplace_back(body.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  if (begin == 0) {
    const size_t dots = body.find("..");
    int64_t from = 0;
    int64_t to = 0;
    const auto number = [](std::string_view text, int64_t& value) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      return error == std::errc{} && end == text.data() + text.size();
    };
    if (dots != std::string_view::npos && number(body.substr(0, dots), from) &&
        number(body.substr(dots + 2), to) &&
        std::abs(to - from) < static_cast<int64_t>(kGlobAlternatives)) {
      for (int64_t value = from;; value += from <= to ? 1 : -1) {
        out.push_back(std::to_string(value));
        if (value == to) break;
      }
    }
    return out;  // empty: no alternatives, the braces are literal
  }
  out.emplace_back(body.substr(begin));
  return out;
}

size_t closing_brace(std::string_view pattern, size_t open) {
  int depth = 0;
  for (size_t i = open; i < pattern.size(); ++i) {
    if (pattern[i] == '\\')
      ++i;
    else if (pattern[i] == '{')
      ++depth;
    else if (pattern[i] == '}' && --depth == 0)
      return i;
  }
  return std::string_view::npos;
}

bool expand(const std::string& pattern, size_t from, std::vector<std::string>& out) {
  for (size_t i = from; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
      continue;
    }
    if (pattern[i] != '{') continue;
    const size_t close = closing_brace(pattern, i);
    if (close == std::string::npos) break;
    const auto inner = choices(std::string_view(pattern).substr(i + 1, close - i - 1));
    if (inner.empty()) continue;
    for (const auto& choice : inner) {
      if (out.size() > kGlobAlternatives) return false;
      if (!expand(pattern.substr(0, i) + choice + pattern.substr(close + 1), i, out)) return false;
    }
    return true;
  }
  out.push_back(pattern);
  return out.size() <= kGlobAlternatives;
}

class Matcher {
 public:
  bool run(std::string_view pattern, std::string_view path) {
    if (++steps_ > kGlobSteps) return false;
    size_t p = 0;
    size_t t = 0;
    while (p < pattern.size()) {
      if (pattern[p] == '*') return star(pattern.substr(p), path.substr(t));
      if (t >= path.size()) return false;
      if (pattern[p] == '?') {
        if (path[t] == '/') return false;
        ++p, ++t;
      } else if (pattern[p] == '[') {
        const size_t next = char_class(pattern, p, path[t]);
        if (next == 0) return false;
        p = next, ++t;
      } else {
        if (pattern[p] == '\\' && p + 1 < pattern.size()) ++p;
        if (pattern[p] != path[t]) return false;
        ++p, ++t;
      }
    }
    return t == path.size();
  }

 private:
  bool star(std::string_view pattern, std::string_view path) {
    // "**" spans parts only where it stands alone between slashes; parse() writes others as "*".
    if (pattern.starts_with("**")) {
      if (pattern.size() == 2) return true;
      const std::string_view rest = pattern.substr(3);  // after "**/"
      for (size_t at = 0; at <= path.size();) {
        if (run(rest, path.substr(at))) return true;
        const size_t slash = path.find('/', at);
        if (slash == std::string_view::npos || steps_ > kGlobSteps) return false;
        at = slash + 1;
      }
      return false;
    }
    const std::string_view rest = pattern.substr(1);
    for (size_t at = 0; at <= path.size(); ++at) {
      if (run(rest, path.substr(at))) return true;
      if (at < path.size() && path[at] == '/') return false;
      if (steps_ > kGlobSteps) return false;
    }
    return false;
  }

  // The index after the class when `c` is in it, else 0. An unclosed [ is literal.
  static size_t char_class(std::string_view pattern, size_t open, char c) {
    size_t i = open + 1;
    const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
    if (negated) ++i;
    bool in = false;
    for (bool first = true; i < pattern.size() && (first || pattern[i] != ']');
         first = false, ++i) {
      const char low = pattern[i];
      if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
        in = in || (c >= low && c <= pattern[i + 2]);
        i += 2;
      } else {
        in = in || c == low;
      }
    }
    if (i >= pattern.size()) return c == '[' ? open + 1 : 0;
    return c != '/' && in != negated ? i + 1 : 0;
  }

  size_t steps_ = 0;
};

// ** within a part means *.
std::string normalized(std::string_view pattern) {
  std::string out;
  for (size_t begin = 0; begin <= pattern.size();) {
    const size_t end = std::min(pattern.find('/', begin), pattern.size());
    std::string part(pattern.substr(begin, end - begin));
    if (part != "**") {
      for (size_t at = part.find("**"); at != std::string::npos; at = part.find("**", at))
        part.erase(at, 1);
    }
    if (!out.empty() || begin > 0) out += '/';
    out += part;
    begin = end + 1;
  }
  // "a/**" also stands for what is below a only; "**/" + "**" is one.
  for (size_t at = out.find("**/**"); at != std::string::npos; at = out.find("**/**", at))
    out.erase(at, 3);
  return out;
}

}  // namespace

Result<Glob> Glob::parse(std::string_view pattern) {
  const std::string_view written = pattern;
  if (pattern.size() > kGlobBytes) return fail(ErrorKind::kInvalid, "the pattern is too long");
  while (pattern.starts_with("./")) pattern.remove_prefix(2);
  if (pattern.empty()) return fail(ErrorKind::kInvalid, "the pattern is empty");
  if (pattern.starts_with('/') || pattern == ".." || pattern.starts_with("../") ||
      pattern.find("/../") != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, fmt::format("'{}' leaves the service's directory", written));
  }
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i + 1] == '(' &&
               std::string_view("!+@?*").find(pattern[i]) != std::string_view::npos) {
      return fail(
          ErrorKind::kInvalid,
          fmt::format("'{}': the extended pattern {}(...) is not supported; use several patterns",
                      written, pattern[i]));
    }
  }
  Glob glob;
  std::vector<std::string> expanded;
  if (!expand(std::string(pattern), 0, expanded)) {
    return fail(ErrorKind::kInvalid,
                fmt::format("'{}' stands for more than {} patterns", written, kGlobAlternatives));
  }
  for (auto& one : expanded) {
    std::string ready = normalized(one);
    glob.alternatives_.push_back(ready);
  }
  return glob;
}

bool Glob::matches(std::string_view path) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(),
                     [&](const std::string& one) { return Matcher().run(one, path); });
}

bool Glob::may_match_below(std::string_view directory) const {
  for (const auto& one : alternatives_) {
    // Compare the literal parts at the beginning of the pattern with those of the directory.
    const size_t special = std::min(
        static_cast<size_t>(std::find_if(one.begin(), one.end(), is_special) - one.begin()),
        one.size());
    const std::string_view literal = std::string_view(one).substr(0, special);
    const std::string below = std::string(directory) + "/";
    const size_t common = std::min(literal.size(), below.size());
    if (literal.substr(0, common) == std::string_view(below).substr(0, common)) return true;
  }
  return false;
}

bool Glob::covers(std::string_view directory) const {
  for (const auto& one : alternatives_) {
    if (one == "**") return true;
    if (one.ends_with("/**") &&
        Matcher().run(std::string_view(one).substr(0, one.size() - 3), directory))
      return true;
    if (one.ends_with("/**") && Matcher().run(one, directory)) return true;
  }
  return false;
}

}  // namespace dew::serverless
