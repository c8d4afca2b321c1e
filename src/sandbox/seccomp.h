// The system calls that no function needs and that have been ways out of a container: a denylist,
// answered with EPERM (clone3 and openat2-like newcomers with ENOSYS where libraries then fall
// back). Built once; the program is installed by the child just before it starts the target.
//
// Limits: x86-64 and aarch64; on another architecture available() is false.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace dew::sandbox {

// The BPF program. Empty on an unknown architecture.
const std::vector<sock_filter>& seccomp_program();

// Whether this kernel takes a filter.
bool seccomp_available();

}  // namespace dew::sandbox
