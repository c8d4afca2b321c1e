// What this host lets us keep apart, found out once by trying it, and said plainly at start.
//
// Levels, best first:
//   kRoot       namespaces made with privileges; functions run as an unprivileged user of their own
//   kUser       the same through an unprivileged user namespace
//   kNone       no namespaces: a function is an ordinary child process with resource limits
// Memory, CPU and process limits come from control groups where they are writable (cgroup.h), else
// memory is watched by sampling. Immutable after probe(); safe to share.
#pragma once

#include <string>
#include <vector>

namespace dew::sandbox {

enum class NamespaceLevel { kNone, kUser, kRoot };
enum class CgroupVersion { kNone, kV1, kV2 };

struct Isolation {
  NamespaceLevel namespaces = NamespaceLevel::kNone;
  bool own_proc = false;  // /proc shows the function's own processes only
  CgroupVersion cgroups = CgroupVersion::kNone;
  bool memory_limit = false;  // enforced by the kernel; else by sampling
  bool cpu_limit = false;
  bool process_limit = false;
  bool seccomp = false;

  bool mounts() const { return namespaces != NamespaceLevel::kNone; }
  // One sentence each: what could not be isolated, and what would make it possible. Empty when all
  // is well.
  std::vector<std::string> gaps() const;
  std::string summary() const;  // one line for the start-up banner and the log
};

}  // namespace dew::sandbox
