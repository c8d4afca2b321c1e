#include "cli/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace dew::cli {

namespace {

std::atomic<int> pipe_write = -1;
std::atomic<int> pipe_read = -1;
std::atomic<bool> stop = false;
std::atomic<pid_t> forward = 0;

void handle(int signal) {
  const int saved = errno;
  stop = true;
  if (const pid_t pid = forward; pid > 0 && signal == SIGTERM) kill(pid, signal);
  const char byte = static_cast<char>(signal);
  if (write(pipe_write, &byte, 1) < 0) {
    // The pipe is full: a signal is there to be read already.
  }
  errno = saved;
}

void install(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

Signals::Signals() {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
    pipe_read = ends[0];
    pipe_write = ends[1];
  }
  stop = false;
  install(handle);
}

Signals::~Signals() {
  install(SIG_DFL);
  close(pipe_read.exchange(-1));
  close(pipe_write.exchange(-1));
}

int Signals::fd() const { return pipe_read; }

bool Signals::stopping() { return stop; }

bool Signals::wait(std::chrono::milliseconds most) const {
  pollfd watched{fd(), POLLIN, 0};
  poll(&watched, 1, static_cast<int>(most.count()));
  return stop;
}

void Signals::forward_to(pid_t pid) { forward = pid; }

}  // namespace dew::cli
