#include "sandbox/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sandbox/seccomp.h"

// This file is built without sanitizers: it runs in borrowed memory.
namespace dew::sandbox {
namespace {

constexpr int kReportFd = 3;

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

bool write_text(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(fd);
  errno = error;
  return ok;
}

bool enter_root(const char* root) {
  // docs: pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one.
  return ::chdir(root) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 &&
         ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0;
}

bool make_read_only(const char* path) {
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  return ::syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attributes,
                   sizeof attributes) == 0;
}

bool run_step(const Step& step) {
  switch (step.op) {
    case Step::Op::kMakeDirectory:
      return ::mkdir(step.a.c_str(), 0755) == 0 || errno == EEXIST;
    case Step::Op::kMakeFile: {
      const int fd = ::open(step.a.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
      return fd >= 0 && ::close(fd) == 0;
    }
    case Step::Op::kSymlink:
      return ::symlink(step.a.c_str(), step.b.c_str()) == 0 || errno == EEXIST;
    case Step::Op::kMount:
      return ::mount(or_null(step.a), step.b.c_str(), or_null(step.type), step.flags,
                     or_null(step.data)) == 0;
    case Step::Op::kEnterRoot:
      return enter_root(step.a.c_str());
    case Step::Op::kReadOnly:
      return make_read_only(step.a.c_str());
    case Step::Op::kWriteFile:
      return write_text(step.a.c_str(), step.b);
    case Step::Op::kHostname:
      return ::sethostname(step.a.data(), step.a.size()) == 0;
  }
  return false;
}

int fail(const ChildPlan& plan, const char* what, const char* detail) {
  plan.failure->error = errno == 0 ? EINVAL : errno;
  plan.failure->what = what;
  plan.failure->detail = detail;
  // Not the C library's _exit(): the thread sanitizer ends the whole program there, in the memory
  // that it lends us, and leaves its locks taken.
  ::syscall(SYS_exit_group, 126);
  __builtin_unreachable();
}

// Not by the C library's function: a sanitizer notes there what the parent's handlers are, in the
// memory that it lends us.
void reset_signals() {
  // The kernel's struct sigaction, of any architecture: SIG_DFL, no flags, an empty mask.
  constexpr uint64_t kDefault[8] = {};
  constexpr size_t kMaskBytes = 8;
  for (int number = 1; number < NSIG; ++number)
    ::syscall(SYS_rt_sigaction, number, kDefault, nullptr, kMaskBytes);
}

bool become(uint32_t uid, uint32_t gid) {
  // Not the C library's functions: those would change every thread of the process that lends us its
  // memory.
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
         ::syscall(SYS_setresuid, uid, uid, uid) == 0;
}

bool place_descriptors(const ChildPlan& plan) {
  if (::dup2(plan.stdin_fd, 0) < 0 || ::dup2(plan.output_fd, 1) < 0 ||
      ::dup2(plan.output_fd, 2) < 0) {
    return false;
  }
  unsigned first_closed = kReportFd;
  if (plan.report_fd >= 0) {
    if (::dup2(plan.report_fd, kReportFd) < 0) return false;
    first_closed = kReportFd + 1;
  }
  if (::syscall(SYS_close_range, first_closed, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return true;
  for (unsigned fd = first_closed; fd < 4096; ++fd) {  // kernels before 5.11
    ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
  }
  return true;
}

bool install_filter() {
  const auto& program = seccomp_program();
  sock_fprog filter = {.len = static_cast<unsigned short>(program.size()),
                       .filter = const_cast<sock_filter*>(program.data())};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace

int child_main(void* argument) {
  const auto& plan = *static_cast<const ChildPlan*>(argument);
  reset_signals();
  ::setsid();
  for (const Step& step : plan.identity) {
    if (!run_step(step) && !step.optional) return fail(plan, "map the user", step.a.c_str());
  }
  for (const int fd : plan.cgroup_joins) {
    if (::write(fd, "0", 1) != 1) return fail(plan, "join the control group", nullptr);
  }
  for (const Step& step : plan.steps) {
    if (!run_step(step) && !step.optional) {
      return fail(plan, "prepare the file system",
                  step.b.empty() ? step.a.c_str() : step.b.c_str());
    }
  }
  for (const RlimitValue& limit : plan.rlimits) {
    ::setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value);
  }
  if (plan.uid != 0 && !become(plan.uid, plan.gid)) return fail(plan, "change the user", nullptr);
  // After the change of user, which clears it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return fail(plan, "tie to the parent", nullptr);
  if (::chdir(plan.working_directory.c_str()) != 0 && !plan.optional_working_directory) {
    return fail(plan, "enter the working directory", plan.working_directory.c_str());
  }
  if (!place_descriptors(plan)) return fail(plan, "place the descriptors", nullptr);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(plan, "drop privileges", nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (plan.seccomp && !install_filter()) return fail(plan, "install the call filter", nullptr);
  if (plan.program_fd >= 0) {
    ::syscall(SYS_execveat, plan.program_fd, "", plan.argv.data(), plan.environment.data(),
              AT_EMPTY_PATH);
  } else {
    ::execve(plan.argv[0], plan.argv.data(), plan.environment.data());
  }
  return fail(plan, "exec", plan.argv[0]);
}

}  // namespace dew::sandbox
