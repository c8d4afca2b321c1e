#include "sandbox/rootfs.h"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace dew::sandbox {
namespace {

namespace fs = std::filesystem;

// What of the host's root is shown, where it exists: programs, libraries, configuration.
constexpr const char* kShown[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32",
                                  "usr", "etc",  "opt", "nix",   "gnu"};
constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom"};
// Where /etc/resolv.conf often points to.
constexpr const char* kResolver = "/run/systemd/resolve";

class Builder {
 public:
  explicit Builder(std::string root) : root_(std::move(root)) {}

  void directory(const std::string& path) {
    for (size_t slash = 1; slash != std::string::npos;) {
      slash = path.find('/', slash + 1);
      const std::string part = path.substr(0, slash);
      if (part.size() > 1 && made_.insert(part).second) {
        // Optional: below a bind it exists already, or cannot be made and the bind then fails.
        steps_.push_back({.op = Step::Op::kMakeDirectory, .a = root_ + part, .optional = true});
      }
    }
  }
  void bind(const std::string& source, const std::string& target, bool is_directory,
            bool optional = false) {
    if (is_directory) {
      directory(target);
    } else {
      directory(fs::path(target).parent_path().string());
      steps_.push_back({.op = Step::Op::kMakeFile, .a = root_ + target, .optional = true});
    }
    steps_.push_back({.op = Step::Op::kMount,
                      .a = source,
                      .b = root_ + target,
                      .flags = MS_BIND | MS_REC,
                      .optional = optional});
  }
  void symlink(const std::string& to, const std::string& path) {
    steps_.push_back({.op = Step::Op::kSymlink, .a = to, .b = root_ + path});
  }
  void add(Step step) { steps_.push_back(std::move(step)); }
  const std::string& root() const { return root_; }
  std::vector<Step> take() { return std::move(steps_); }

 private:
  std::string root_;
  std::set<std::string> made_;
  std::vector<Step> steps_;
};

Step mount_tmpfs(std::string target, unsigned long flags, std::string data) {
  return {.op = Step::Op::kMount,
          .a = "tmpfs",
          .b = std::move(target),
          .type = "tmpfs",
          .data = std::move(data),
          .flags = flags};
}

bool below(const std::string& path, const std::string& directory) {
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// What the Spec puts in its place is left out: /opt, where the host has programs and a function its
// layers.
void show_host(Builder& build, const std::string& hidden, const Spec& spec) {
  std::error_code error;
  for (const char* name : kShown) {
    const std::string path = std::string("/") + name;
    if (std::ranges::any_of(spec.binds, [&](const Bind& bind) { return bind.target == path; }))
      continue;
    const auto status = fs::symlink_status(path, error);
    if (fs::is_symlink(status)) {
      build.symlink(fs::read_symlink(path, error).string(), path);
    } else if (fs::is_directory(status)) {
      build.bind(path, path, true);
      if (!hidden.empty() && below(hidden, path)) {
        build.add(mount_tmpfs(build.root() + hidden, MS_NOSUID | MS_NODEV | MS_NOEXEC,
                              "mode=755,size=4k"));
      }
    }
  }
  if (fs::is_directory(kResolver, error)) build.bind(kResolver, kResolver, true, true);
}

}  // namespace

std::vector<Step> root_steps(const std::string& root, const std::string& hidden, const Spec& spec,
                             const Isolation& isolation) {
  Builder build(root);
  build.add({.op = Step::Op::kMount, .b = "/", .flags = MS_REC | MS_PRIVATE});
  build.add(mount_tmpfs(root, MS_NOSUID, "mode=755,size=1m"));
  // The Spec's own binds come from below what is hidden, so their sources are taken by the old
  // paths, which stay valid until the root is entered.
  show_host(build, hidden, spec);
  std::error_code error;
  for (const char* device : kDevices) {
    build.bind(std::string("/dev/") + device, std::string("/dev/") + device, false, true);
  }
  build.symlink("/proc/self/fd", "/dev/fd");
  build.symlink("/proc/self/fd/0", "/dev/stdin");
  build.symlink("/proc/self/fd/1", "/dev/stdout");
  build.symlink("/proc/self/fd/2", "/dev/stderr");
  for (const Bind& bind : spec.binds) {
    build.bind(bind.source, bind.target, fs::is_directory(bind.source, error));
  }
  build.directory("/tmp");
  build.directory("/proc");
  if (!isolation.own_proc) build.bind("/proc", "/proc", true, true);
  build.add({.op = Step::Op::kEnterRoot, .a = root});
  build.add({.op = Step::Op::kReadOnly, .a = "/"});
  build.add(mount_tmpfs("/tmp", MS_NOSUID | MS_NODEV,
                        "mode=1777,size=" + std::to_string(spec.limits.tmp_bytes)));
  if (isolation.own_proc) {
    build.add({.op = Step::Op::kMount,
               .a = "proc",
               .b = "/proc",
               .type = "proc",
               .flags = MS_NOSUID | MS_NODEV | MS_NOEXEC});
  }
  build.add({.op = Step::Op::kHostname, .a = "dewpoint", .optional = true});
  return build.take();
}

}  // namespace dew::sandbox
