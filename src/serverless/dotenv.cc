#include "serverless/dotenv.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace dew::serverless {

namespace {

constexpr int kExpandDepth = 16;
constexpr size_t kValueBytes = 64 * 1024;

bool key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}
bool name_char(char c) { return key_char(c) && c != '.' && c != '-'; }
bool blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (blank(text.front()) || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (blank(text.back()) || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

void set_pair(EnvPairs& pairs, std::string name, std::string value) {
  for (auto& [known, current] : pairs) {
    if (known == name) {
      current = std::move(value);
      return;
    }
  }
  pairs.emplace_back(std::move(name), std::move(value));
}

// The closing quote of a value that opens at text[open]; npos when it has none.
size_t closing_quote(std::string_view text, size_t open) {
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == text[open]) {
      ++i;
    } else if (text[i] == text[open]) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string unescape_double(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'n' || text[i + 1] == 'r')) {
      out += text[++i] == 'n' ? '\n' : '\r';
    } else {
      out += text[i];
    }
  }
  return out;
}

// Reads the value that starts at `pos` and leaves `pos` at the end of what it used.
std::string read_value(std::string_view text, size_t& pos) {
  size_t begin = pos;
  while (begin < text.size() && blank(text[begin])) ++begin;
  if (begin < text.size() && (text[begin] == '"' || text[begin] == '\'' || text[begin] == '`')) {
    const size_t close = closing_quote(text, begin);
    if (close != std::string_view::npos) {
      pos = close + 1;
      const std::string_view inner = text.substr(begin + 1, close - begin - 1);
      return text[begin] == '"' ? unescape_double(inner) : std::string(inner);
    }
  }
  const size_t end = std::min(text.find_first_of("#\n", begin), text.size());
  pos = end;
  return std::string(trim(text.substr(begin, end - begin)));
}

class Expander {
 public:
  Expander(const EnvPairs& pairs, const EnvLookup& outer) : pairs_(pairs), outer_(outer) {}

  std::string expand(std::string_view text, size_t before, int depth) {
    std::string out;
    for (size_t i = 0; i < text.size() && out.size() < kValueBytes;) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '$') {
        out += '$';
        i += 2;
      } else if (text[i] == '$' && depth < kExpandDepth) {
        i = reference(text, i, before, depth, out);
      } else {
        out += text[i++];
      }
    }
    return out;
  }

 private:
  // One $NAME or ${...} at text[i]; returns where reading goes on.
  size_t reference(std::string_view text, size_t i, size_t before, int depth, std::string& out) {
    const bool braces = i + 1 < text.size() && text[i + 1] == '{';
    size_t begin = i + (braces ? 2 : 1);
    size_t end = begin;
    while (end < text.size() && name_char(text[end])) ++end;
    if (end == begin) {
      out += text[i];
      return i + 1;
    }
    const std::string_view name = text.substr(begin, end - begin);
    if (!braces) {
      out += value_of(name, before).value_or("");
      return end;
    }
    size_t close = end;
    for (int open = 1; close < text.size(); ++close) {
      if (text[close] == '{') ++open;
      if (text[close] == '}' && --open == 0) break;
    }
    if (close >= text.size()) {
      out += text[i];
      return i + 1;
    }
    std::string_view rest = text.substr(end, close - end);
    auto value = value_of(name, before);
    if (rest.starts_with(":-")) {
      out += value && !value->empty() ? *value : expand(rest.substr(2), before, depth + 1);
    } else if (rest.starts_with('-')) {
      out += value ? *value : expand(rest.substr(1), before, depth + 1);
    } else {
      out += value.value_or("");
    }
    return close + 1;
  }

  // A value of the file counts once it has been expanded itself: those above.
  std::optional<std::string> value_of(std::string_view name, size_t before) const {
    if (auto value = outer_(name)) return value;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      if (pairs_[i].first == name)
        return i < before ? std::optional(pairs_[i].second) : std::nullopt;
    }
    return std::nullopt;
  }

  const EnvPairs& pairs_;
  const EnvLookup& outer_;
};

}  // namespace

EnvPairs parse_dotenv(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\r') {
      text += '\n';
      if (i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
    } else {
      text += raw[i];
    }
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  EnvPairs pairs;
  const std::string_view all = text;
  for (size_t pos = 0; pos < all.size();) {
    const auto next_line = [&] {
      const size_t newline = all.find('\n', pos);
      pos = newline == std::string_view::npos ? all.size() : newline + 1;
    };
    while (pos < all.size() && (blank(all[pos]) || all[pos] == '\n')) ++pos;
    if (all.substr(pos).starts_with("export") && pos + 6 < all.size() && blank(all[pos + 6])) {
      pos += 6;
      while (pos < all.size() && blank(all[pos])) ++pos;
    }
    const size_t begin = pos;
    while (pos < all.size() && key_char(all[pos])) ++pos;
    std::string name(all.substr(begin, pos - begin));
    while (pos < all.size() && blank(all[pos])) ++pos;
    const bool assigns =
        pos < all.size() &&
        (all[pos] == '=' || (all[pos] == ':' && pos + 1 < all.size() && blank(all[pos + 1])));
    if (name.empty() || !assigns) {
      next_line();
      continue;
    }
    ++pos;
    std::string value = read_value(all, pos);
    set_pair(pairs, std::move(name), std::move(value));
    next_line();
  }
  return pairs;
}

void expand_dotenv(EnvPairs& pairs, const EnvLookup& outer) {
  Expander expander(pairs, outer);
  for (size_t i = 0; i < pairs.size(); ++i) {
    auto set = outer(pairs[i].first);
    pairs[i].second = set ? std::move(*set) : expander.expand(pairs[i].second, i, 0);
  }
}

Result<EnvPairs> load_dotenv(const std::string& directory, const std::vector<std::string>& names,
                             const EnvLookup& outer, bool expand) {
  EnvPairs all;
  const EnvLookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    if (auto value = outer(name)) return value;
    for (const auto& [known, value] : all) {
      if (known == name) return value;
    }
    return std::nullopt;
  };
  for (const auto& name : names) {
    const auto path = std::filesystem::path(directory) / name;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) continue;
    if (std::filesystem::file_size(path, error) > kDotenvBytes || error) {
      return fail(ErrorKind::kInvalid, fmt::format("{}: larger than {} bytes", name, kDotenvBytes));
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorKind::kIo, fmt::format("{}: cannot be read", name));
    EnvPairs pairs = parse_dotenv(std::string{std::istreambuf_iterator<char>(file), {}});
    if (expand) {
      expand_dotenv(pairs, lookup);
    }
    for (auto& [key, value] : pairs) {
      bool known = false;
      for (const auto& pair : all) known = known || pair.first == key;
      if (known) continue;
      if (!expand) value = outer(key).value_or(value);
      all.emplace_back(std::move(key), std::move(value));
    }
  }
  return all;
}

std::vector<std::string> plugin_file_names(std::string_view env) {
  std::vector<std::string> names{fmt::format(".env.{}.local", env), fmt::format(".env.{}", env)};
  if (env != "test") names.emplace_back(".env.local");
  names.emplace_back(".env");
  return names;
}

}  // namespace dew::serverless
