#include "sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"

namespace dew::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOurs = "/dewpoint";
constexpr int kRemoveTries = 50;           // a killed process leaves its group a moment later
constexpr int64_t kCpuPeriodUs = 20'000;   // as AWS's own scheduler slices
constexpr int64_t kMinCpuQuotaUs = 1'000;  // the kernel's minimum

bool write_file(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return ok;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool make_directory(const std::string& path) {
  return ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST;
}

std::vector<std::string> children_of(const std::string& path) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.is_directory(error)) out.push_back(entry.path().filename().string());
  }
  return out;
}

void kill_group(const std::string& path) {
  if (write_file(path + "/cgroup.kill", "1")) return;
  std::istringstream pids(read_file(path + "/cgroup.procs"));
  for (int pid = 0; pids >> pid;) {
    if (pid > 1) ::kill(pid, SIGKILL);
  }
}

void remove_group(const std::string& path) {
  for (int i = 0; i < kRemoveTries; ++i) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return;
    kill_group(path);
    ::usleep(1'000);
  }
  log::debug("could not remove the control group {}", path);
}

void remove_tree(const std::string& path) {
  for (const auto& child : children_of(path)) remove_tree(path + "/" + child);
  remove_group(path);
}

std::string run_name() {
  const int pid = ::getpid();
  return fmt::format("{}-{}", pid, process_start_time(pid));
}

// Runs that were killed before they could clean up.
void remove_stale_runs(const std::string& ours) {
  for (const auto& name : children_of(ours)) {
    int pid = 0;
    uint64_t start = 0;
    const char* end = name.data() + name.size();
    const auto first = std::from_chars(name.data(), end, pid);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') continue;
    if (std::from_chars(first.ptr + 1, end, start).ec != std::errc()) continue;
    if (process_start_time(pid) != start) remove_tree(ours + "/" + name);
  }
}

// Our own place in a hierarchy, from /proc/self/cgroup ("" for the root).
std::string own_path(std::string_view controller) {
  std::istringstream lines(read_file("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    const bool hit = controller.empty()
                         ? names == ",,"
                         : names.find("," + std::string(controller) + ",") != std::string::npos;
    if (hit) return path == "/" ? "" : path;
  }
  return "";
}

int open_read(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }

}  // namespace

uint64_t process_start_time(int pid) {
  const std::string stat = read_file(fmt::format("/proc/{}/stat", pid));
  const auto name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(stat.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) rest >> skipped;
  uint64_t start = 0;
  rest >> start;
  return start;
}

std::unique_ptr<CgroupRoot> CgroupRoot::open(const std::string& mount) {
  std::unique_ptr<CgroupRoot> root(new CgroupRoot());
  if (!root->open_v2(mount)) root->open_v1(mount);
  return root;
}

bool CgroupRoot::open_v1(const std::string& mount) {
  const auto open_one = [&](std::string_view controller, const std::string& probe) -> std::string {
    const std::string hierarchy = mount + "/" + std::string(controller);
    for (const std::string& base : {hierarchy + own_path(controller), hierarchy}) {
      const std::string ours = base + kOurs;
      if (!make_directory(ours)) continue;
      remove_stale_runs(ours);
      std::string run = ours + "/" + run_name();
      if (make_directory(run) && ::access((run + "/" + probe).c_str(), W_OK) == 0) {
        directories_.push_back(run);
        return run;
      }
      ::rmdir(run.c_str());
      ::rmdir(ours.c_str());
    }
    return "";
  };
  memory_ = open_one("memory", "memory.limit_in_bytes");
  cpu_ = open_one("cpu", "cpu.cfs_quota_us");
  pids_ = open_one("pids", "pids.max");
  if (directories_.empty()) return false;
  version_ = CgroupVersion::kV1;
  return true;
}

bool CgroupRoot::open_v2(const std::string& mount) {
  if (read_file(mount + "/cgroup.controllers").empty()) return false;
  // The root of the hierarchy that we see, then the group we live in (a delegated scope).
  for (const std::string& base : {mount, mount + own_path("")}) {
    const std::string ours = base + kOurs;
    if (!make_directory(ours)) continue;
    const std::string run = ours + "/" + run_name();
    remove_stale_runs(ours);
    if (!make_directory(run)) continue;
    const std::string controllers = "+memory +cpu +pids";
    if (!write_file(base + "/cgroup.subtree_control", controllers)) {
      // A group with processes of its own cannot hand controllers down. If those are only us, we
      // step aside into a leaf.
      std::istringstream procs(read_file(base + "/cgroup.procs"));
      std::vector<int> pids;
      for (int pid = 0; procs >> pid;) pids.push_back(pid);
      const std::string leaf = base + "/dewpoint-engine";
      if (pids == std::vector<int>{::getpid()} && make_directory(leaf) &&
          write_file(leaf + "/cgroup.procs", "0")) {
        write_file(base + "/cgroup.subtree_control", controllers);
      }
    }
    write_file(ours + "/cgroup.subtree_control", controllers);
    write_file(run + "/cgroup.subtree_control", controllers);
    const std::string enabled = read_file(run + "/cgroup.subtree_control");
    if (enabled.find("memory") != std::string::npos) memory_ = run;
    if (enabled.find("cpu") != std::string::npos) cpu_ = run;
    if (enabled.find("pids") != std::string::npos) pids_ = run;
    directories_.push_back(run);
    if (!memory_.empty() || !cpu_.empty() || !pids_.empty()) {
      version_ = CgroupVersion::kV2;
      return true;
    }
    directories_.clear();
    ::rmdir(run.c_str());
    ::rmdir(ours.c_str());
  }
  return false;
}

CgroupRoot::~CgroupRoot() {
  for (const auto& directory : directories_) {
    remove_tree(directory);
    ::rmdir(fs::path(directory).parent_path().c_str());  // fails while another run has groups there
  }
}

std::unique_ptr<Cgroup> CgroupRoot::make(const CgroupLimits& limits) {
  if (version_ == CgroupVersion::kNone) return nullptr;
  std::unique_ptr<Cgroup> group(new Cgroup());
  group->version_ = version_;
  const std::string name = "/" + std::to_string(next_++);
  for (const auto& directory : directories_) {
    if (!make_directory(directory + name)) return nullptr;
    group->directories_.push_back(directory + name);
  }
  const bool v2 = version_ == CgroupVersion::kV2;
  if (has_memory()) group->memory_ = memory_ + name;
  if (has_cpu()) group->cpu_ = cpu_ + name;
  if (has_pids()) group->pids_ = pids_ + name;
  if (has_memory() && limits.memory_bytes > 0) {
    const std::string bytes = std::to_string(limits.memory_bytes);
    if (v2) {
      write_file(group->memory_ + "/memory.max", bytes);
      write_file(group->memory_ + "/memory.swap.max", "0");
      write_file(group->memory_ + "/memory.oom.group", "1");
    } else {
      write_file(group->memory_ + "/memory.limit_in_bytes", bytes);
      write_file(group->memory_ + "/memory.memsw.limit_in_bytes", bytes);
      write_file(group->memory_ + "/memory.swappiness", "0");
    }
  }
  if (has_pids() && limits.processes > 0) {
    write_file(group->pids_ + "/pids.max", std::to_string(limits.processes));
  }
  if (has_memory()) {
    group->usage_fd_ =
        open_read(group->memory_ + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  }
  group->open_joins();
  return group;
}

void Cgroup::open_joins() {
  for (const auto& directory : directories_) {
    const int fd = ::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    if (fd >= 0) join_fds_.push_back(fd);
  }
}

Cgroup::~Cgroup() {
  for (const int fd : join_fds_) ::close(fd);
  if (usage_fd_ >= 0) ::close(usage_fd_);
  for (const auto& directory : directories_) remove_group(directory);
}

void Cgroup::set_cpus(std::optional<double> cpus) {
  if (cpu_.empty()) return;
  const int64_t quota =
      cpus ? std::max(kMinCpuQuotaUs, static_cast<int64_t>(*cpus * kCpuPeriodUs)) : -1;
  if (version_ == CgroupVersion::kV2) {
    write_file(cpu_ + "/cpu.max", quota < 0 ? fmt::format("max {}", kCpuPeriodUs)
                                            : fmt::format("{} {}", quota, kCpuPeriodUs));
    return;
  }
  write_file(cpu_ + "/cpu.cfs_period_us", std::to_string(kCpuPeriodUs));
  write_file(cpu_ + "/cpu.cfs_quota_us", std::to_string(quota));
}

uint64_t Cgroup::memory_usage_bytes() const {
  char text[32];
  if (usage_fd_ < 0) return 0;
  const ssize_t n = ::pread(usage_fd_, text, sizeof text, 0);
  uint64_t value = 0;
  if (n > 0) std::from_chars(text, text + n, value);
  return value;
}

bool Cgroup::out_of_memory() const {
  if (memory_.empty()) return false;
  std::istringstream lines(read_file(
      memory_ + (version_ == CgroupVersion::kV2 ? "/memory.events" : "/memory.oom_control")));
  std::string key;
  for (uint64_t value = 0; lines >> key >> value;) {
    if (key == "oom_kill") return value > 0;
  }
  return false;
}

void Cgroup::kill_all() {
  for (const auto& directory : directories_) kill_group(directory);
}

}  // namespace dew::sandbox
