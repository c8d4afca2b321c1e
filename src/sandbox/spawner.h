// Turns a Spec into a running process: builds the child's plan and calls clone. Blocking (about a
// millisecond); one thread at a time.
#pragma once

#include <string>

#include "base/result.h"
#include "sandbox/cgroup.h"
#include "sandbox/isolation.h"
#include "sandbox/process.h"
#include "sandbox/spec.h"

namespace dew::sandbox {

class Spawner {
 public:
  // `state_directory` exists and is absolute.
  static Result<std::unique_ptr<Spawner>> open(std::string state_directory);
  ~Spawner();
  Spawner(const Spawner&) = delete;

  // With the namespaces of `isolation`; `cgroup` may be null.
  Result<Process::Handles> spawn(const Spec& spec, const Isolation& isolation,
                                 std::unique_ptr<Cgroup> cgroup);
  // Whether a process can be started with these namespaces on this host.
  bool probe(const Isolation& isolation);

 private:
  struct Child;
  Spawner() = default;
  Result<void> clone_child(Child& child);

  std::string state_;
  std::string root_;  // an empty directory to build roots on
  int init_fd_ = -1;  // the embedded first process
  int null_fd_ = -1;  // /dev/null
  void* stack_ = nullptr;
};

}  // namespace dew::sandbox
