// Control groups: the kernel's own limits on memory, CPU and processes, version 1 and 2.
//
// CgroupRoot finds where we may make groups, makes <base>/dewpoint/<pid>-<start>/ there, and
// removes what a killed earlier run has left (killing its processes first). A Cgroup is one group
// of that run; it is removed with its object. Groups are empty directories on a pseudo file system:
// making, limiting and removing one costs about 0.3 ms.
//
// Thread safety: CgroupRoot::make is thread-safe; a Cgroup belongs to one thread at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/isolation.h"

namespace dew::sandbox {

struct CgroupLimits {
  uint64_t memory_bytes = 0;  // 0: none
  uint32_t processes = 0;     // threads count; 0: none
};

class Cgroup {
 public:
  ~Cgroup();  // kills what is left in it, then removes it
  Cgroup(const Cgroup&) = delete;

  // Files to which a process writes "0" to join; open until the object goes. For the child.
  const std::vector<int>& join_fds() const { return join_fds_; }

  // Share of CPUs (1.0: one whole CPU); nullopt lifts the limit.
  void set_cpus(std::optional<double> cpus);
  uint64_t memory_usage_bytes() const;  // now; 0 if unknown. One pread.
  bool out_of_memory() const;           // the kernel has killed for memory in this group
  void kill_all();

 private:
  friend class CgroupRoot;
  Cgroup() = default;
  void open_joins();

  CgroupVersion version_ = CgroupVersion::kNone;
  std::string memory_;  // directories; empty: no such controller
  std::string cpu_;
  std::string pids_;
  std::vector<std::string> directories_;
  std::vector<int> join_fds_;
  int usage_fd_ = -1;
};

class CgroupRoot {
 public:
  // Never fails: without anything writable, version() is kNone and make() gives nullptr.
  // `mount` is for tests: where cgroup file systems are mounted.
  static std::unique_ptr<CgroupRoot> open(const std::string& mount = "/sys/fs/cgroup");
  ~CgroupRoot();

  CgroupVersion version() const { return version_; }
  bool has_memory() const { return !memory_.empty(); }
  bool has_cpu() const { return !cpu_.empty(); }
  bool has_pids() const { return !pids_.empty(); }

  std::unique_ptr<Cgroup> make(const CgroupLimits& limits);  // nullptr if it could not

 private:
  CgroupRoot() = default;
  bool open_v1(const std::string& mount);
  bool open_v2(const std::string& mount);

  CgroupVersion version_ = CgroupVersion::kNone;
  std::string memory_;  // this run's directory per controller (v2: all the same)
  std::string cpu_;
  std::string pids_;
  std::vector<std::string> directories_;
  std::atomic<uint64_t> next_ = 1;
};

// The start time of a process in clock ticks, which with its id names it for good; 0 if there is
// none.
uint64_t process_start_time(int pid);

}  // namespace dew::sandbox
