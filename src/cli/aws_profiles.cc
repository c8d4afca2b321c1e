#include "cli/aws_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace dew::cli {

namespace {

constexpr size_t kFileBytes = 1024UL * 1024;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

// The profile that a section's heading names; empty: the section is none.
std::string profile_of(std::string_view heading, ProfileFile file) {
  if (file == ProfileFile::kCredentials || heading == "default") return std::string(heading);
  constexpr std::string_view kWord = "profile";
  if (!heading.starts_with(kWord)) return {};
  const std::string_view rest = heading.substr(kWord.size());
  return rest.starts_with(' ') || rest.starts_with('\t') ? std::string(trimmed(rest)) : "";
}

std::string path_of(const char* variable, std::string_view name) {
  if (const char* given = std::getenv(variable); given && *given) {
    const std::string path = given;
    const char* home = std::getenv("HOME");
    return path.starts_with("~/") && home ? home + path.substr(1) : path;
  }
  const char* home = std::getenv("HOME");
  return home && *home ? fmt::format("{}/.aws/{}", home, name) : std::string();
}

Result<Profiles> load(const std::string& path, ProfileFile kind) {
  std::error_code error;
  if (path.empty() || !std::filesystem::is_regular_file(path, error)) return Profiles{};
  if (std::filesystem::file_size(path, error) > kFileBytes)
    return fail(ErrorKind::kInvalid, fmt::format("{} is larger than {} bytes", path, kFileBytes));
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, fmt::format("{} cannot be read", path));
  return parse_profiles(std::string{std::istreambuf_iterator<char>(file), {}}, kind);
}

}  // namespace

Profiles parse_profiles(std::string_view text, ProfileFile file) {
  Profiles out;
  std::string current;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = trimmed(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const size_t close = line.find(']');
      current = close == std::string_view::npos
                    ? ""
                    : profile_of(trimmed(line.substr(1, close - 1)), file);
      if (!current.empty()) out.try_emplace(current);
      continue;
    }
    const size_t equals = line.find('=');
    if (current.empty() || raw.front() == ' ' || raw.front() == '\t' ||
        equals == std::string_view::npos)
      continue;
    std::string key(trimmed(line.substr(0, equals)));
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string_view value = trimmed(line.substr(equals + 1));
    // A comment may follow the value, after white space.
    for (const auto* mark : {" #", " ;", "\t#", "\t;"})
      value = trimmed(value.substr(0, value.find(mark)));
    out[current][key] = std::string(value);
  }
  return out;
}

Result<Profiles> load_profiles() {
  TRY(auto out,
      load(path_of("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ProfileFile::kCredentials));
  TRY(const auto config, load(path_of("AWS_CONFIG_FILE", "config"), ProfileFile::kConfig));
  for (const auto& [name, settings] : config) out[name].insert(settings.begin(), settings.end());
  return out;
}

}  // namespace dew::cli
