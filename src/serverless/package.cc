#include "serverless/package.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "serverless/glob.h"

namespace dew::serverless {

namespace fs = std::filesystem;

namespace {

struct Pattern {
  Glob glob;
  bool include = true;
};

struct Patterns {
  std::vector<Pattern> list;

  Result<void> add(std::string_view text, bool include, const Mark& mark, const std::string& path) {
    if (text.starts_with('!')) {
      include = !include;
      text.remove_prefix(1);
    }
    auto glob = Glob::parse(text);
    if (!glob) return fail_at(mark, path, glob.error().message);
    list.push_back({std::move(*glob), include});
    return {};
  }

  bool wanted(std::string_view file) const {
    bool in = true;
    for (const auto& pattern : list) {
      if (pattern.include != in && pattern.glob.matches(file)) in = pattern.include;
    }
    return in;
  }

  // Nothing below `directory` can be wanted: a pattern excludes it all and none after it brings
  // anything back.
  bool prunes(std::string_view directory) const {
    bool pruned = false;
    for (const auto& pattern : list) {
      if (!pattern.include && pattern.glob.covers(directory)) pruned = true;
      if (pattern.include && pattern.glob.may_match_below(directory)) pruned = false;
    }
    return pruned;
  }
};

constexpr std::string_view kDefaultExcludes[] = {".git/**",
                                                 ".gitignore",
                                                 ".DS_Store",
                                                 "npm-debug.log",
                                                 "yarn-*.log",
                                                 ".serverless/**",
                                                 ".serverless_plugins/**",
                                                 ".dew/**"};

Result<void> add_section(Patterns& patterns, const Node* section, std::string_view key,
                         bool include, const std::string& path) {
  const Node* list = section ? section->find(key) : nullptr;
  if (!list) return {};
  for (size_t i = 0; i < list->items.size(); ++i) {
    CHECK_OK(patterns.add(list->items[i].text, include, list->items[i].mark,
                          fmt::format("{}.{}.{}", path, key, i)));
  }
  return {};
}

// docs.npmjs.com/cli/configuring-npm/package-lock-json: `packages`, from path to description, with
// `dev`.
Result<void> add_dev_dependencies(Patterns& patterns, const Service& service) {
  const Node* wanted = service.at("package.excludeDevDependencies");
  if (wanted && !wanted->boolean) return {};
  const fs::path path = fs::path(service.directory) / "package-lock.json";
  std::error_code error;
  constexpr size_t kLockBytes = 64UL * 1024 * 1024;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kLockBytes) return {};
  std::ifstream file(path, std::ios::binary);
  const auto lock = json::parse(std::string{std::istreambuf_iterator<char>(file), {}});
  if (!lock)
    return fail(ErrorKind::kInvalid, fmt::format("package-lock.json: {}", lock.error().message));
  const auto* packages =
      lock->is_object() ? json::object_at(lock->get_object(), "packages") : nullptr;
  if (!packages) return {};
  for (const auto& member : *packages) {
    const auto* description = member.value().if_object();
    if (!description || !json::bool_at(*description, "dev").value_or(false)) continue;
    const std::string_view where = member.key();
    if (where.find_first_of("*?[]{}()!\\") != std::string_view::npos) continue;
    CHECK_OK(patterns.add(std::string(where) + "/**", false, {}, "package"));
  }
  return {};
}

Result<Patterns> patterns_of(const Service& service, const std::string& function) {
  Patterns patterns;
  const Node* shared = service.root.find("package");
  const Node* own =
      function.empty() ? nullptr : service.root.find("functions")->find(function)->find("package");
  const std::string own_path = "functions." + function + ".package";
  for (const auto text : kDefaultExcludes) CHECK_OK(patterns.add(text, false, {}, "package"));
  CHECK_OK(patterns.add(service.file, false, {}, "package"));
  for (const auto& [key, layer] : service.layers()) {
    const Node* path = layer->find("path");
    if (path)
      CHECK_OK(patterns.add(path->text + "/**", false, path->mark, "layers." + key + ".path"));
  }
  CHECK_OK(add_section(patterns, shared, "exclude", false, "package"));
  if (service.hides_dotenv) CHECK_OK(patterns.add(".env*", false, {}, "package"));
  CHECK_OK(add_section(patterns, own, "exclude", false, own_path));
  CHECK_OK(add_section(patterns, shared, "include", true, "package"));
  CHECK_OK(add_section(patterns, shared, "patterns", true, "package"));
  CHECK_OK(add_section(patterns, own, "include", true, own_path));
  CHECK_OK(add_section(patterns, own, "patterns", true, own_path));
  CHECK_OK(add_dev_dependencies(patterns, service));
  return patterns;
}

Result<Patterns> layer_patterns(const Service& service, const std::string& layer) {
  Patterns patterns;
  const Node* shared = service.root.find("package");
  const Node* own = service.root.find("layers")->find(layer)->find("package");
  const std::string own_path = "layers." + layer + ".package";
  for (const auto text : kDefaultExcludes) CHECK_OK(patterns.add(text, false, {}, "package"));
  CHECK_OK(patterns.add(service.file, false, {}, "package"));
  if (service.hides_dotenv) CHECK_OK(patterns.add(".env*", false, {}, "package"));
  CHECK_OK(add_section(patterns, shared, "patterns", true, "package"));
  CHECK_OK(add_section(patterns, own, "patterns", true, own_path));
  CHECK_OK(add_dev_dependencies(patterns, service));
  return patterns;
}

class Walk {
 public:
  Walk(const std::string& root, const Patterns& patterns) : root_(root), patterns_(patterns) {}

  Result<std::vector<ZipEntry>> run() {
    std::error_code error;
    chain_.push_back(fs::canonical(root_, error));
    CHECK_OK(visit("", 0));
    std::sort(found_.begin(), found_.end(),
              [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; });
    return std::move(found_);
  }

 private:
  Result<void> visit(const std::string& below, int depth) {
    if (depth > kPackageDepth)
      return fail(ErrorKind::kInvalid, fmt::format("{}: directories are nested too deeply", below));
    std::error_code error;
    fs::directory_iterator it(fs::path(root_) / below,
                              fs::directory_options::skip_permission_denied, error);
    if (error)
      return fail(ErrorKind::kIo,
                  fmt::format("{}: {}", below.empty() ? root_ : below, error.message()));
    for (; it != fs::directory_iterator(); it.increment(error)) {
      const std::string name = it->path().filename().string();
      const std::string path = below.empty() ? name : below + "/" + name;
      struct stat info{};
      if (stat(it->path().c_str(), &info) != 0) continue;  // a dangling link
      if (S_ISDIR(info.st_mode)) {
        if (patterns_.prunes(path)) continue;
        CHECK_OK(enter(it->path(), path, depth));
      } else if (S_ISREG(info.st_mode) && patterns_.wanted(path)) {
        CHECK_OK(take(it->path().string(), path, info));
      }
    }
    return {};
  }

  Result<void> enter(const fs::path& directory, const std::string& path, int depth) {
    std::error_code error;
    const fs::path real = fs::canonical(directory, error);
    if (error || std::find(chain_.begin(), chain_.end(), real) != chain_.end())
      return {};  // a link to an ancestor
    chain_.push_back(real);
    CHECK_OK(visit(path, depth + 1));
    chain_.pop_back();
    return {};
  }

  Result<void> take(std::string on_disk, const std::string& path, const struct stat& info) {
    bytes_ += static_cast<size_t>(info.st_size);
    if (found_.size() >= kPackageFiles)
      return fail(ErrorKind::kInvalid, too_large(fmt::format("more than {} files", kPackageFiles)));
    if (bytes_ > kPackageBytes)
      return fail(ErrorKind::kInvalid, too_large("more than Lambda's 250 MB unzipped"));
    if (access(on_disk.c_str(), R_OK) != 0)
      return fail(ErrorKind::kIo, fmt::format("{} cannot be read", path));
    found_.push_back({path, std::move(on_disk), (info.st_mode & S_IXUSR) != 0});
    return {};
  }

  static std::string too_large(std::string_view what) {
    return fmt::format(
        "the package holds {}: leave files out with package.patterns (such as '!build/**')", what);
  }

  const std::string& root_;
  const Patterns& patterns_;
  std::vector<fs::path> chain_;
  std::vector<ZipEntry> found_;
  size_t bytes_ = 0;
};

Result<std::string> hash_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, fmt::format("{} cannot be read", path));
  return base64_encode(sha256(std::string{std::istreambuf_iterator<char>(file), {}}));
}

bool flag(const Node* section, std::string_view key) {
  const Node* node = section ? section->find(key) : nullptr;
  return node && node->boolean;
}

}  // namespace

Result<std::vector<ZipEntry>> package_files(const Service& service, const std::string& function) {
  TRY(const auto patterns, patterns_of(service, function));
  Walk walk(service.directory, patterns);
  TRY(auto files, walk.run());
  if (files.empty()) {
    const Node* section = service.root.find("package");
    return fail_at(section ? section->mark : service.root.mark, "package",
                   "no file matches the patterns");
  }
  return files;
}

Result<std::vector<ZipEntry>> layer_files(const Service& service, const std::string& layer) {
  const Node* path = service.root.find("layers")->find(layer)->find("path");
  const std::string where = "layers." + layer + ".path";
  const std::string root =
      fs::absolute(fs::path(service.directory) / path->text).lexically_normal().string();
  std::error_code error;
  if (!fs::is_directory(root, error))
    return fail_at(path->mark, where, fmt::format("there is no directory {}", path->text));
  TRY(const auto patterns, layer_patterns(service, layer));
  Walk walk(root, patterns);
  TRY(auto files, walk.run());
  if (files.empty()) return fail_at(path->mark, where, "no file matches the patterns");
  return files;
}

Result<Artifacts> package(const Service& service, const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail(ErrorKind::kIo, fmt::format("{}: {}", directory, error.message()));
  Artifacts artifacts;
  const auto add = [&](std::string file_name, std::string path,
                       std::string order) -> Result<size_t> {
    TRY(auto hash, hash_of(path));
    artifacts.list.push_back(
        {std::move(file_name), std::move(path), std::move(hash), std::move(order)});
    return artifacts.list.size() - 1;
  };
  const auto given = [&](const Node& artifact, const std::string& where) -> Result<size_t> {
    const fs::path path =
        fs::absolute(fs::path(service.directory) / artifact.text).lexically_normal();
    if (!fs::is_regular_file(path, error))
      return fail_at(artifact.mark, where, fmt::format("there is no file {}", artifact.text));
    for (size_t i = 0; i < artifacts.list.size(); ++i) {
      if (artifacts.list[i].path == path.string()) return i;
    }
    return add(path.filename().string(), path.string(), artifact.text);
  };
  const auto write = [&](const std::string& file_name,
                         const std::vector<ZipEntry>& files) -> Result<size_t> {
    std::string path = (fs::path(directory) / file_name).string();
    for (const auto& other : artifacts.list) {
      if (other.file_name == file_name)
        return fail(ErrorKind::kInvalid,
                    fmt::format("two artifacts would be called {}: rename a function, a layer or a "
                                "package.artifact",
                                file_name));
    }
    CHECK_OK(write_zip(path, files));
    return add(file_name, std::move(path), service.directory + "/.serverless/" + file_name);
  };
  const auto zip = [&](const std::string& file_name,
                       const std::string& function) -> Result<size_t> {
    TRY(const auto files, package_files(service, function));
    return write(file_name, files);
  };
  const Node* shared = service.root.find("package");
  int whole = -1;
  for (const auto& [key, function] : service.functions()) {
    const Node* own = function->find("package");
    if (const Node* artifact = own ? own->find("artifact") : nullptr) {
      TRY(artifacts.of_function[key], given(*artifact, "functions." + key + ".package.artifact"));
    } else if (flag(own, "individually") ||
               (flag(shared, "individually") && !(shared && shared->find("artifact")))) {
      TRY(artifacts.of_function[key], zip(key + ".zip", key));
    } else if (const Node* common = shared ? shared->find("artifact") : nullptr) {
      TRY(artifacts.of_function[key], given(*common, "package.artifact"));
    } else {
      if (whole < 0) {
        TRY(const size_t index, zip(service.name + ".zip", ""));
        whole = static_cast<int>(index);
      }
      artifacts.of_function[key] = static_cast<size_t>(whole);
    }
  }
  for (const auto& [key, layer] : service.layers()) {
    if (const Node* artifact = layer->at("package.artifact")) {
      TRY(artifacts.of_layer[key], given(*artifact, "layers." + key + ".package.artifact"));
    } else {
      TRY(const auto files, layer_files(service, key));
      TRY(artifacts.of_layer[key], write(key + ".zip", files));
    }
  }
  return artifacts;
}

Result<void> write_templates(const Compiled& compiled, const Artifacts& artifacts,
                             const Service& service, const std::string& directory) {
  const auto write = [&](std::string_view name, const json::Value& value) -> Result<void> {
    std::ofstream file(fs::path(directory) / name, std::ios::binary | std::ios::trunc);
    file << json::dump_pretty(value) << '\n';
    file.close();
    if (!file) return fail(ErrorKind::kIo, fmt::format("cannot write {}/{}", directory, name));
    return {};
  };
  CHECK_OK(write("cloudformation-template-create-stack.json", compiled.create));
  CHECK_OK(write("cloudformation-template-update-stack.json", compiled.update));
  json::Array files;
  for (const auto& artifact : artifacts.list) files.push_back(json::Value(artifact.file_name));
  json::Object package{{"individually", flag(service.root.find("package"), "individually")},
                       {"artifactDirectoryName", compiled.artifact_directory},
                       {"artifact", files.size() == 1 ? files[0] : json::Value(files)}};
  return write("serverless-state.json",
               json::Object{{"service",
                             json::Object{{"service", service.name},
                                          {"provider", json::Object{{"stage", service.stage},
                                                                    {"region", service.region}}}}},
                            {"package", std::move(package)}});
}

}  // namespace dew::serverless
