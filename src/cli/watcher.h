// Notices changes in a service's directory (inotify, recursive).
//
// Not watched: version control, state, packages and what a build makes (.git, .dew, .serverless,
// node_modules, build, dist, target, __pycache__, .venv), hidden directories, editors' temporary
// files. Files outside the directory that the configuration was read from are watched by their own.
// Not thread-safe. Limits: kWatches directories, kWatchDepth deep.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace dew::cli {

inline constexpr size_t kWatches = 8'192;
inline constexpr int kWatchDepth = 32;

class Watcher {
 public:
  ~Watcher();
  static Result<std::unique_ptr<Watcher>> start(const std::string& directory);

  void add_file(const std::string& path);  // absolute
  int fd() const { return fd_; }           // readable once something changed

  // Reads what happened, then waits until `quiet` has passed without more. The changed paths,
  // without doubles; empty when nothing that matters changed.
  std::vector<std::string> changes(std::chrono::milliseconds quiet);

 private:
  Watcher(int fd, std::string root) : fd_(fd), root_(std::move(root)) {}
  void add_tree(const std::string& directory, int depth);
  void read_events(std::vector<std::string>& out);

  int fd_;
  std::string root_;
  std::map<int, std::string> directories_;  // by watch descriptor
  std::vector<std::string> files_;          // outside the tree
  std::vector<std::string> file_directories_;
};

// Is this file or directory name one that no one edits?
bool ignored_name(std::string_view name, bool is_directory);

}  // namespace dew::cli
