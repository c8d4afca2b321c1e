// SIGINT and SIGTERM as something to poll for. The handlers write to a pipe and are reset in
// programs that we start, so that no child is born with a signal blocked or ignored.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace dew::cli {

class Signals {
 public:
  // Installs the handlers; one at a time in a process.
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;

  int fd() const;          // readable once a signal has come
  static bool stopping();  // one has come
  // Waits for a signal; false when `most` passed first.
  bool wait(std::chrono::milliseconds most) const;

  // While `pid` is not 0, a SIGTERM is also sent to it (a terminal's SIGINT reaches it anyway).
  static void forward_to(pid_t pid);
};

}  // namespace dew::cli
