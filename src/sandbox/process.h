// A running sandboxed process tree: its output, its end, its memory.
//
// Confined to its loop: call every method on that loop's thread; events come there. An event never
// runs inside a call to the object, except `output` inside drain_output().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "net/loop.h"

namespace dew::sandbox {

class Cgroup;

struct Exit {
  enum class Kind { kExited, kSignaled, kExecFailed };
  Kind kind = Kind::kExited;
  int value = 0;               // exit status, signal number, or errno of execve
  bool out_of_memory = false;  // ended by the memory limit
};

struct ProcessEvents {
  // Standard output and standard error, in the order written. The view lives during the call.
  std::move_only_function<void(std::string_view)> output;
  // Once, last, after all output. Nothing of the tree runs any more.
  std::move_only_function<void(const Exit&)> exit;
};

// Once per wake-up at most this much output is taken, so that a process that floods its output
// does not starve the loop.
inline constexpr size_t kOutputBytesPerTurn = 64 * 1024;
// drain_output() takes no more than this.
inline constexpr size_t kDrainBytes = 1024 * 1024;

class Process : public std::enable_shared_from_this<Process> {
 public:
  // Takes ownership of the descriptors. For Sandbox only.
  struct Handles {
    int pid = -1;  // in our pid namespace
    int pidfd = -1;
    int output_fd = -1;
    int report_fd = -1;  // of init; -1: the process is the program itself
    bool own_pid_namespace = false;
    int exec_errno = 0;                 // the program could not be started (without init)
    uint64_t sampled_memory_bytes = 0;  // limit to enforce by sampling; 0: none
    std::unique_ptr<Cgroup> cgroup;
  };
  static std::shared_ptr<Process> start(net::Loop& loop, Handles handles, ProcessEvents events);
  ~Process();

  void kill();          // SIGKILL to the whole tree; exit follows
  void drain_output();  // hands on what has been written up to now, paused or not
  // From now on output waits in the pipe, and the process, once that is full, in its write. false:
  // it was paused already, or has ended.
  bool pause_output();
  void resume_output();
  // The highest resident memory of the program so far. Reads /proc: some 20 us.
  uint64_t peak_memory_bytes();
  void set_cpus(double cpus);
  int pid() const { return handles_.pid; }

 private:
  struct Io;
  Process(net::Loop& loop, Handles handles, ProcessEvents events);
  void begin();
  void wait_output();
  void wait_exit();
  void on_exit();
  bool read_output(size_t budget);  // false: closed
  void sample_memory();
  int program_pid();

  net::Loop& loop_;
  Handles handles_;
  ProcessEvents events_;
  std::unique_ptr<Io> io_;
  net::Timer sampler_;
  int program_pid_ = 0;
  uint64_t peak_ = 0;
  bool paused_ = false;
  bool waiting_for_output_ = false;
  bool exited_ = false;
  bool over_memory_ = false;
};

}  // namespace dew::sandbox
