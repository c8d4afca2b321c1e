// Threads: what stack operations run on. Not net::Workers: an operation may wait for minutes, and
// theirs are shared by everybody.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "net/loop.h"
#include "services/cloudformation/steps.h"

namespace dew::cloudformation {

// Side by side; more wait for their turn. A nested stack never waits: its parent, which holds a
// turn, waits for it.
inline constexpr size_t kParallelOperations = 32;

enum class Admission { kInTurn, kAtOnce };

// Replaceable, so that tests can run everything on their own thread, in an order of theirs.
class Threads {
 public:
  virtual ~Threads() = default;
  virtual void start(net::Task operation, Admission admission) = 0;
  virtual std::unique_ptr<Steps> steps() = 0;
  // Runs the task after so long; never, if it is too late for it.
  virtual void later(std::chrono::milliseconds delay, net::Task task) = 0;
  // Forgets what has not begun and waits for what has.
  virtual void join() = 0;
};

class OwnThreads final : public Threads {
 public:
  explicit OwnThreads(net::Loops& loops) : loops_(loops) {}
  ~OwnThreads() override { join(); }
  void start(net::Task operation, Admission admission) override;
  std::unique_ptr<Steps> steps() override { return std::make_unique<ThreadSteps>(); }
  void later(std::chrono::milliseconds delay, net::Task task) override {
    loops_.next().after(delay, std::move(task)).detach();
  }
  void join() override;

 private:
  struct Running {
    std::thread thread;
    bool done = false;
  };
  void spawn(net::Task operation);  // with the lock held
  void reap();                      // with the lock held

  net::Loops& loops_;
  std::mutex mutex_;
  std::deque<net::Task> queue_;
  std::list<Running> running_;
  size_t active_ = 0;
  bool joining_ = false;
};

// Wakes whoever waits for a change in the world: an answer, a stack's end, a request to stop.
class Bell {
 public:
  void ring() {
    {
      std::lock_guard lock(mutex_);
      ++rung_;
    }
    changed_.notify_all();
  }
  // Until `done` holds, which is asked again after every ring.
  template <class Done>
  void wait(Done&& done) {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto seen = rung_;
      lock.unlock();
      if (done()) return;
      lock.lock();
      changed_.wait(lock, [&] { return rung_ != seen; });
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t rung_ = 0;
};

}  // namespace dew::cloudformation
