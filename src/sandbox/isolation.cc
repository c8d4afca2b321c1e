#include "sandbox/isolation.h"

#include <fmt/format.h>

namespace dew::sandbox {

std::vector<std::string> Isolation::gaps() const {
  std::vector<std::string> out;
  if (namespaces == NamespaceLevel::kNone) {
    out.emplace_back(
        "functions share dew's file system and process table: this host allows no namespaces (run "
        "as root, or allow unprivileged user namespaces)");
  } else if (!own_proc) {
    out.emplace_back(
        "functions can list the host's processes: this host does not let us mount /proc");
  }
  if (!memory_limit) {
    out.emplace_back(
        "memory limits are enforced by sampling, not by the kernel: no writable memory cgroup (run "
        "as root, or with systemd-run --user --scope -p Delegate=yes)");
  }
  if (!cpu_limit) {
    out.emplace_back("CPU shares are not enforced: no writable cpu cgroup");
  }
  if (!process_limit) {
    out.emplace_back(
        "the number of a function's processes is not limited: no writable pids cgroup");
  }
  if (!seccomp) {
    out.emplace_back("system calls are not filtered: this kernel has no seccomp");
  }
  return out;
}

std::string Isolation::summary() const {
  const char* level = "none";
  if (namespaces == NamespaceLevel::kRoot) level = "mount, pid, ipc, uts";
  if (namespaces == NamespaceLevel::kUser) level = "user, mount, pid, ipc, uts";
  const char* groups = "none";
  if (cgroups == CgroupVersion::kV1) groups = "v1";
  if (cgroups == CgroupVersion::kV2) groups = "v2";
  return fmt::format("namespaces {}; cgroups {}{}{}{}; system call filter {}", level, groups,
                     memory_limit ? " memory" : "", cpu_limit ? " cpu" : "",
                     process_limit ? " pids" : "", seccomp ? "on" : "off");
}

}  // namespace dew::sandbox
