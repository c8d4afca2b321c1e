#include "cli/watcher.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/terminal.h"

namespace dew::cli {

namespace fs = std::filesystem;

namespace {

constexpr uint32_t kMask =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR;

void add_unique(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

}  // namespace

bool ignored_name(std::string_view name, bool is_directory) {
  if (is_directory) {
    static constexpr std::string_view kBuilt[] = {
        "node_modules", "build", "dist", "target", "out", "__pycache__", "venv", "coverage"};
    return name.starts_with('.') ||
           std::find(std::begin(kBuilt), std::end(kBuilt), name) != std::end(kBuilt) ||
           name.starts_with("cmake-build-");
  }
  return name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".swx") ||
         name.ends_with(".tmp") || name.starts_with(".#") || name.starts_with('#') ||
         name == "4913" || name == ".DS_Store";
}

Watcher::~Watcher() { close(fd_); }

Result<std::unique_ptr<Watcher>> Watcher::start(const std::string& directory) {
  const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd < 0)
    return fail(ErrorKind::kIo, fmt::format("cannot watch files: {}", std::strerror(errno)));
  std::error_code error;
  std::unique_ptr<Watcher> watcher(new Watcher(fd, fs::canonical(directory, error).string()));
  watcher->add_tree(watcher->root_, 0);
  return watcher;
}

void Watcher::add_tree(const std::string& directory, int depth) {
  if (depth > kWatchDepth || directories_.size() >= kWatches) return;
  const int watch = inotify_add_watch(fd_, directory.c_str(), kMask);
  if (watch < 0) {
    if (errno == ENOSPC)
      print_warning(
          "the system's limit of watched directories is reached (fs.inotify.max_user_watches)");
    return;
  }
  directories_[watch] = directory;
  std::error_code error;
  for (fs::directory_iterator it(directory, fs::directory_options::skip_permission_denied, error),
       end;
       !error && it != end; it.increment(error)) {
    if (!it->is_directory(error) || it->is_symlink(error)) continue;
    if (!ignored_name(it->path().filename().string(), true))
      add_tree(it->path().string(), depth + 1);
  }
}

void Watcher::add_file(const std::string& path) {
  if (path.starts_with(root_ + "/")) return;
  add_unique(files_, path);
  const std::string directory = fs::path(path).parent_path().string();
  if (std::find(file_directories_.begin(), file_directories_.end(), directory) !=
      file_directories_.end())
    return;
  file_directories_.push_back(directory);
  const int watch = inotify_add_watch(fd_, directory.c_str(), kMask);
  if (watch >= 0) directories_.emplace(watch, directory);
}

void Watcher::read_events(std::vector<std::string>& out) {
  alignas(inotify_event) char buffer[16 * 1024];
  while (true) {
    const ssize_t got = read(fd_, buffer, sizeof buffer);
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if (event->mask & IN_Q_OVERFLOW) add_unique(out, root_);
      const auto directory = directories_.find(event->wd);
      if (directory == directories_.end()) continue;
      if (event->mask & IN_IGNORED) {
        directories_.erase(directory);
        continue;
      }
      if (event->len == 0) continue;
      const std::string name = event->name;
      const bool is_directory = (event->mask & IN_ISDIR) != 0;
      if (ignored_name(name, is_directory)) continue;
      const std::string path = directory->second + "/" + name;
      const bool inside = path.starts_with(root_ + "/");
      if (!inside && std::find(files_.begin(), files_.end(), path) == files_.end()) continue;
      if (is_directory) {
        if (inside && (event->mask & (IN_CREATE | IN_MOVED_TO))) add_tree(path, 1);
        if (event->mask & IN_ATTRIB) continue;
      } else if (event->mask & IN_CREATE) {
        continue;  // its closing is what counts
      }
      add_unique(out, path);
    }
  }
}

std::vector<std::string> Watcher::changes(std::chrono::milliseconds quiet) {
  std::vector<std::string> out;
  read_events(out);
  pollfd watched{fd_, POLLIN, 0};
  while (!out.empty() && poll(&watched, 1, static_cast<int>(quiet.count())) > 0) read_events(out);
  return out;
}

}  // namespace dew::cli
