#include "sandbox/process.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <string>

#include "sandbox/cgroup.h"

namespace dew::sandbox {
namespace {

constexpr std::chrono::milliseconds kSampleInterval{20};
constexpr int kMaxTreeDepth = 64;
constexpr size_t kReadBytes = 64 * 1024;

std::vector<int> children_of(int pid) {
  std::ifstream in(fmt::format("/proc/{}/task/{}/children", pid, pid));
  std::vector<int> out;
  for (int child = 0; in >> child;) out.push_back(child);
  return out;
}

uint64_t resident_bytes(int pid) {
  std::ifstream in(fmt::format("/proc/{}/statm", pid));
  uint64_t total = 0;
  uint64_t resident = 0;
  uint64_t shared = 0;
  in >> total >> resident >> shared;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t tree_resident_bytes(int pid, int depth = 0) {
  uint64_t sum = resident_bytes(pid);
  if (depth < kMaxTreeDepth) {
    for (const int child : children_of(pid)) sum += tree_resident_bytes(child, depth + 1);
  }
  return sum;
}

void kill_tree(int pid, int depth = 0) {
  if (depth < kMaxTreeDepth) {
    for (const int child : children_of(pid)) {
      ::kill(child, SIGSTOP);
      kill_tree(child, depth + 1);
      ::kill(child, SIGKILL);
    }
  }
}

uint64_t high_water_bytes(int pid) {
  char text[2048];
  const int fd = ::open(fmt::format("/proc/{}/status", pid).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t n = ::read(fd, text, sizeof text);
  ::close(fd);
  if (n <= 0) return 0;
  const std::string_view status(text, static_cast<size_t>(n));
  auto at = status.find("VmHWM:");
  if (at == std::string_view::npos) return 0;
  at = status.find_first_of("0123456789", at);
  if (at == std::string_view::npos) return 0;
  uint64_t kib = 0;
  std::from_chars(status.data() + at, status.data() + status.size(), kib);
  return kib * 1024;
}

}  // namespace

struct Process::Io {
  explicit Io(boost::asio::io_context& context) : output(context), pidfd(context) {}
  boost::asio::posix::stream_descriptor output;
  boost::asio::posix::stream_descriptor pidfd;
};

std::shared_ptr<Process> Process::start(net::Loop& loop, Handles handles, ProcessEvents events) {
  std::shared_ptr<Process> self(new Process(loop, std::move(handles), std::move(events)));
  self->begin();
  return self;
}

Process::Process(net::Loop& loop, Handles handles, ProcessEvents events)
    : loop_(loop),
      handles_(std::move(handles)),
      events_(std::move(events)),
      io_(std::make_unique<Io>(loop.context())) {}

Process::~Process() {
  if (handles_.report_fd >= 0) ::close(handles_.report_fd);
  if (!exited_ && handles_.pid > 0) {
    // Dropped while running: end it and do not leave a zombie.
    ::syscall(SYS_pidfd_send_signal, handles_.pidfd, SIGKILL, nullptr, 0);
    ::waitpid(handles_.pid, nullptr, 0);
  }
}

void Process::begin() {
  io_->output.assign(handles_.output_fd);
  if (handles_.exec_errno != 0) {
    loop_.post([self = shared_from_this()] {
      self->exited_ = true;
      self->handles_.cgroup.reset();
      if (self->events_.exit) {
        self->events_.exit(
            Exit{.kind = Exit::Kind::kExecFailed, .value = self->handles_.exec_errno});
      }
    });
    return;
  }
  io_->pidfd.assign(handles_.pidfd);
  wait_output();
  wait_exit();
  if (handles_.sampled_memory_bytes > 0) sample_memory();
}

void Process::wait_output() {
  using boost::asio::posix::stream_descriptor;
  if (paused_ || waiting_for_output_) return;
  waiting_for_output_ = true;
  io_->output.async_wait(stream_descriptor::wait_read,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           self->waiting_for_output_ = false;
                           if (error || self->exited_ || self->paused_) return;
                           if (self->read_output(kOutputBytesPerTurn)) self->wait_output();
                         });
}

bool Process::pause_output() {
  if (paused_ || exited_) return false;
  paused_ = true;
  return true;
}

void Process::resume_output() {
  if (!paused_) return;
  paused_ = false;
  if (!exited_ && io_->output.is_open()) wait_output();
}

bool Process::read_output(size_t budget) {
  // Not in the thread's own block, which every thread pays for, touched or not, when it starts.
  thread_local const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  for (size_t taken = 0; taken < budget;) {
    const ssize_t n = ::read(handles_.output_fd, buffer.get(), kReadBytes);
    if (n > 0) {
      taken += static_cast<size_t>(n);
      if (events_.output) events_.output({buffer.get(), static_cast<size_t>(n)});
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    return n < 0 && errno == EAGAIN;
  }
  return true;
}

void Process::drain_output() {
  if (!exited_ && io_->output.is_open()) read_output(kDrainBytes);
}

void Process::wait_exit() {
  using boost::asio::posix::stream_descriptor;
  io_->pidfd.async_wait(stream_descriptor::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error) self->on_exit();
                        });
}

void Process::on_exit() {
  if (exited_) return;
  int status = 0;
  if (::waitpid(handles_.pid, &status, WNOHANG) != handles_.pid) {
    wait_exit();
    return;
  }
  exited_ = true;
  sampler_.cancel();
  if (!handles_.own_pid_namespace) {
    ::kill(-handles_.pid, SIGKILL);  // what is left of its session
    if (handles_.cgroup != nullptr) handles_.cgroup->kill_all();
  }
  read_output(SIZE_MAX);
  Exit exit;
  int report[2] = {0, status};
  if (handles_.report_fd >= 0 &&
      ::read(handles_.report_fd, report, sizeof report) != sizeof report) {
    report[0] = 0;  // init itself was killed
    report[1] = status;
  }
  if (report[0] == 1) {
    exit.kind = Exit::Kind::kExecFailed;
    exit.value = report[1];
  } else if (WIFSIGNALED(report[1])) {
    exit.kind = Exit::Kind::kSignaled;
    exit.value = WTERMSIG(report[1]);
  } else {
    exit.value = WEXITSTATUS(report[1]);
  }
  exit.out_of_memory =
      over_memory_ || (handles_.cgroup != nullptr && exit.kind == Exit::Kind::kSignaled &&
                       exit.value == SIGKILL && handles_.cgroup->out_of_memory());
  handles_.cgroup.reset();
  boost::system::error_code ignored;
  io_->output.close(ignored);
  io_->pidfd.close(ignored);
  if (events_.exit) std::exchange(events_.exit, nullptr)(exit);
}

void Process::kill() {
  if (exited_ || handles_.pidfd < 0 || handles_.exec_errno != 0) return;
  if (!handles_.own_pid_namespace) {
    if (handles_.cgroup != nullptr) handles_.cgroup->kill_all();
    // Stopped first: it would see its children go, and exit as if all were well, or make more of
    // them.
    ::kill(handles_.pid, SIGSTOP);
    kill_tree(handles_.pid);  // those that have left the session too
    ::kill(-handles_.pid, SIGKILL);
  }
  ::syscall(SYS_pidfd_send_signal, handles_.pidfd, SIGKILL, nullptr, 0);
}

int Process::program_pid() {
  if (!handles_.own_pid_namespace) return handles_.pid;
  if (program_pid_ == 0) {
    const auto children = children_of(handles_.pid);
    if (!children.empty()) program_pid_ = children.front();
  }
  return program_pid_;
}

uint64_t Process::peak_memory_bytes() {
  if (!exited_) {
    if (const int pid = program_pid(); pid > 0) peak_ = std::max(peak_, high_water_bytes(pid));
  }
  return peak_;
}

void Process::set_cpus(double cpus) {
  if (handles_.cgroup != nullptr) handles_.cgroup->set_cpus(cpus);
}

void Process::sample_memory() {
  if (exited_) return;
  const uint64_t now = tree_resident_bytes(handles_.pid);
  peak_ = std::max(peak_, now);
  if (now > handles_.sampled_memory_bytes) {
    over_memory_ = true;
    kill();
    return;
  }
  sampler_ = loop_.after(kSampleInterval, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->sample_memory();
  });
}

}  // namespace dew::sandbox
