// What happens between clone and execve, in the child.
//
// The child borrows our memory (CLONE_VM) while the calling thread is suspended (CLONE_VFORK): no
// page table is copied, so a spawn costs the same however large we are. In return the child may not
// allocate, lock, or touch anything but its plan; it makes system calls only. All that can be
// prepared is prepared in the plan.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <vector>

namespace dew::sandbox {

struct Step {
  enum class Op {
    kMakeDirectory,  // a
    kMakeFile,       // a, empty
    kSymlink,        // a -> b: a link named b that points to a
    kMount,          // a: source, b: target, type, flags, data
    kEnterRoot,      // a: becomes the root; the old one is dropped
    kReadOnly,       // a: everything mounted below, recursively
    kWriteFile,      // a: path, b: text
    kHostname,       // a
  };
  Op op;
  std::string a;
  std::string b;
  std::string type;
  std::string data;
  unsigned long flags = 0;
  bool optional = false;  // a failure is passed over
};

struct RlimitValue {
  int resource;
  rlimit value;
};

struct ChildPlan {
  std::vector<Step> identity;  // first: user namespace maps
  std::vector<int> cgroup_joins;
  std::vector<Step> steps;  // the file system
  std::vector<RlimitValue> rlimits;
  uint32_t uid = 0;  // 0: stay who we are
  uint32_t gid = 0;
  std::string working_directory;
  bool optional_working_directory = false;
  bool seccomp = false;
  // Descriptors, all 10 or higher.
  int stdin_fd = -1;
  int output_fd = -1;
  int report_fd = -1;   // becomes 3; -1: none
  int program_fd = -1;  // init; -1: argv[0] is started by path
  std::vector<char*> argv;
  std::vector<char*> environment;

  // Filled by the child.
  struct Failure {
    const char* what = nullptr;    // a literal
    const char* detail = nullptr;  // of the plan
    int error = 0;
  };
  volatile Failure* failure = nullptr;
};

// clone's entry. `plan` is a ChildPlan*. Does not return but to report a failure.
int child_main(void* plan);

}  // namespace dew::sandbox
