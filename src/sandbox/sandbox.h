// The sandbox: starts processes apart from us and from each other, and ends them.
//
// It knows nothing of Lambda. A process sees a read-only system (/usr, /etc, …; no home
// directories, none of our own state), a private /tmp, a private process table, and
// the host's network. It runs as a user of its own without any privilege, under the
// limits of its Spec, and dies with us. What this host does not allow is left out and
// reported by isolation().
//
// Cost: a spawn takes about 1 ms on a thread of the sandbox's own, which blocks in vfork() until
// the program has started; the loops never wait. That thread also is the parent that
// PR_SET_PDEATHSIG watches, so it lives as long as the sandbox.
//
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/loop.h"
#include "sandbox/isolation.h"
#include "sandbox/process.h"
#include "sandbox/spec.h"

namespace dew::sandbox {

struct Options {
  std::string state_directory;  // ours alone; functions never see it
  bool namespaces = true;       // off: for tests of the poorer levels
  bool cgroups = true;
};

class Sandbox {
 public:
  // Its thread then probes what the host allows and cleans up after a killed earlier run.
  static Result<std::unique_ptr<Sandbox>> open(Options options);
  ~Sandbox();  // kills everything it started
  Sandbox(const Sandbox&) = delete;

  const Isolation& isolation() const;  // waits for the probe, some milliseconds after open()

  // Starts a process whose events come on `loop`. `started` runs on `loop` too, before any event.
  void spawn(net::Loop& loop, Spec spec, ProcessEvents events,
             std::move_only_function<void(Result<std::shared_ptr<Process>>)> started);

 private:
  struct Impl;
  explicit Sandbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::sandbox
