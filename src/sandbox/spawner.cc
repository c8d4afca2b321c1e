#include "sandbox/spawner.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/child.h"
#include "sandbox/rootfs.h"
#include "sandbox/seccomp.h"

extern "C" const char dew_embed_sandbox_init_begin[];
extern "C" const char dew_embed_sandbox_init_end[];

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The sanitizer's own clone() takes a child that shares our memory for a fork. The C library's
// other name for it passes by.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define clone __clone
#endif
#endif

namespace dew::sandbox {
namespace {

// The user that functions run as: below systemd's dynamic range, above every distribution's own.
constexpr uint32_t kUser = 61'051;
constexpr size_t kStackBytes = 256 * 1024;
constexpr int kFirstOwnFd = 10;  // the child rearranges 0 to 3
constexpr int kOutputPipeBytes = 256 * 1024;
constexpr int kProbeTimeoutMs = 5'000;

int raise_fd(int fd) {
  if (fd < 0 || fd >= kFirstOwnFd) return fd;
  const int raised = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwnFd);
  ::close(fd);
  return raised;
}

struct Pipe {
  int read = -1;
  int write = -1;
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
  bool open() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return false;
    read = raise_fd(fds[0]);
    write = raise_fd(fds[1]);
    return read >= 0 && write >= 0;
  }
};

Error system_error(std::string_view what) {
  return Error{ErrorKind::kIo, fmt::format("cannot {}: {}", what, ::strerror(errno))};
}

std::vector<RlimitValue> rlimits_of(const Limits& limits, bool counted_by_cgroup) {
  std::vector<RlimitValue> out = {
      {RLIMIT_CORE, {0, 0}},
      {RLIMIT_NOFILE, {limits.open_files, limits.open_files}},
      {RLIMIT_MEMLOCK, {64 * 1024, 64 * 1024}},
  };
  (void)counted_by_cgroup;
  return out;
}

std::vector<Step> user_map_steps() {
  const auto line = [](uint32_t id) { return fmt::format("{} {} 1", kUser, id); };
  return {
      {.op = Step::Op::kWriteFile, .a = "/proc/self/setgroups", .b = "deny", .optional = true},
      {.op = Step::Op::kWriteFile, .a = "/proc/self/gid_map", .b = line(::getegid())},
      {.op = Step::Op::kWriteFile, .a = "/proc/self/uid_map", .b = line(::geteuid())},
  };
}

}  // namespace

struct Spawner::Child {
  ChildPlan plan;
  int flags = 0;
  int pid = -1;
  int pidfd = -1;
  std::vector<std::string> argv;
  volatile ChildPlan::Failure failure;
};

Result<std::unique_ptr<Spawner>> Spawner::open(std::string state_directory) {
  std::unique_ptr<Spawner> self(new Spawner());
  self->state_ = std::move(state_directory);
  self->root_ = self->state_ + "/root";
  if (::mkdir(self->root_.c_str(), 0755) != 0 && errno != EEXIST) {
    return std::unexpected(system_error("make " + self->root_));
  }
  self->null_fd_ = raise_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (self->null_fd_ < 0) return std::unexpected(system_error("open /dev/null"));
  constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, kernels from 6.3
  int fd = ::memfd_create("dewpoint-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | kExecutable);
  if (fd < 0) fd = ::memfd_create("dewpoint-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  self->init_fd_ = raise_fd(fd);
  if (self->init_fd_ < 0) return std::unexpected(system_error("make a memory file"));
  const std::string_view init(
      dew_embed_sandbox_init_begin,
      static_cast<size_t>(dew_embed_sandbox_init_end - dew_embed_sandbox_init_begin));
  if (::write(self->init_fd_, init.data(), init.size()) != static_cast<ssize_t>(init.size())) {
    return std::unexpected(system_error("write a memory file"));
  }
  ::fchmod(self->init_fd_, 0555);
  // Functions run from this file: nobody may change it.
  ::fcntl(self->init_fd_, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  self->stack_ = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (self->stack_ == MAP_FAILED) {
    self->stack_ = nullptr;
    return std::unexpected(system_error("reserve a stack"));
  }
  return self;
}

Spawner::~Spawner() {
  if (init_fd_ >= 0) ::close(init_fd_);
  if (null_fd_ >= 0) ::close(null_fd_);
  if (stack_ != nullptr) ::munmap(stack_, kStackBytes);
}

Result<void> Spawner::clone_child(Child& child) {
  child.plan.failure = &child.failure;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // No handler of ours may run in the child, which shares our memory.
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  child.pid = ::clone(child_main, static_cast<char*>(stack_) + kStackBytes,
                      child.flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child.plan,
                      &child.pidfd);
  const int clone_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (child.pid < 0) {
    errno = clone_error;
    return std::unexpected(system_error("start a process"));
  }
  if (child.failure.what == nullptr) return {};
  ::waitpid(child.pid, nullptr, 0);
  ::close(child.pidfd);
  child.pidfd = -1;
  const char* detail = child.failure.detail;
  return fail(ErrorKind::kIo,
              fmt::format("cannot {}{}{}: {}", const_cast<const char*>(child.failure.what),
                          detail != nullptr ? " " : "", detail != nullptr ? detail : "",
                          ::strerror(child.failure.error)));
}

Result<Process::Handles> Spawner::spawn(const Spec& spec, const Isolation& isolation,
                                        std::unique_ptr<Cgroup> cgroup) {
  Pipe output;
  Pipe report;
  if (!output.open() || !report.open()) return std::unexpected(system_error("make a pipe"));
  ::fcntl(output.read, F_SETFL, O_NONBLOCK);
  ::fcntl(report.read, F_SETFL, O_NONBLOCK);
  ::fcntl(output.read, F_SETPIPE_SZ, kOutputPipeBytes);  // fewer wake-ups; refused is fine

  Child child;
  ChildPlan& plan = child.plan;
  const bool namespaces = isolation.mounts();
  if (namespaces) {
    child.flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    if (isolation.own_proc) child.flags |= CLONE_NEWPID;
    plan.steps = root_steps(root_, state_, spec, isolation);
    if (isolation.namespaces == NamespaceLevel::kUser) {
      child.flags |= CLONE_NEWUSER;
      plan.identity = user_map_steps();
    } else {
      plan.uid = kUser;
      plan.gid = kUser;
    }
  }
  if (cgroup != nullptr) plan.cgroup_joins = cgroup->join_fds();
  plan.rlimits = rlimits_of(spec.limits, cgroup != nullptr);
  plan.working_directory = spec.working_directory;
  plan.seccomp = isolation.seccomp;
  plan.stdin_fd = null_fd_;
  plan.output_fd = output.write;
  if (isolation.own_proc) {
    plan.report_fd = report.write;
    plan.program_fd = init_fd_;
    child.argv = {"dewpoint-init", spec.argv.at(0)};
  }
  child.argv.insert(child.argv.end(), spec.argv.begin(), spec.argv.end());
  for (auto& argument : child.argv) plan.argv.push_back(argument.data());
  if (isolation.own_proc && spec.argv.at(0).empty()) plan.argv.resize(1);  // a probe
  plan.argv.push_back(nullptr);
  for (const auto& variable : spec.environment) {
    plan.environment.push_back(const_cast<char*>(variable.c_str()));
  }
  plan.environment.push_back(nullptr);

  Process::Handles handles;
  if (auto started = clone_child(child); !started) {
    const bool exec = std::string_view(child.failure.what == nullptr
                                           ? ""
                                           : const_cast<const char*>(child.failure.what)) == "exec";
    if (!exec || plan.program_fd >= 0) return std::unexpected(started.error());
    handles.exec_errno = child.failure.error;
  }
  handles.pid = child.pid;
  handles.pidfd = child.pidfd;
  handles.output_fd = std::exchange(output.read, -1);
  handles.own_pid_namespace = isolation.own_proc;
  if (isolation.own_proc) handles.report_fd = std::exchange(report.read, -1);
  if (!isolation.memory_limit || cgroup == nullptr) {
    handles.sampled_memory_bytes = spec.limits.memory_bytes;
  }
  handles.cgroup = std::move(cgroup);
  return handles;
}

bool Spawner::probe(const Isolation& isolation) {
  Spec spec;
  spec.argv = {isolation.own_proc ? "" : "/bin/true"};
  auto handles = spawn(spec, isolation, nullptr);
  if (!handles) {
    log::debug("probe: {}", handles.error().message);
    return false;
  }
  bool ok = handles->exec_errno == 0;
  if (ok) {
    pollfd wait = {.fd = handles->pidfd, .events = POLLIN};
    siginfo_t info = {};
    ok = ::poll(&wait, 1, kProbeTimeoutMs) == 1 &&
         ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(handles->pidfd), &info,
                  WEXITED) == 0 &&
         info.si_code == CLD_EXITED && info.si_status == 0;
  }
  if (handles->pidfd >= 0) {
    ::syscall(SYS_pidfd_send_signal, handles->pidfd, SIGKILL, nullptr, 0);
    ::close(handles->pidfd);
  }
  ::close(handles->output_fd);
  if (handles->report_fd >= 0) ::close(handles->report_fd);
  return ok;
}

}  // namespace dew::sandbox
