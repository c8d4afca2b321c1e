// What a Loop is made of, for the files of net/: the io_context, its thread, and one queue of
// timers.
//
// A connection holds its loop's core, so that an answer that comes late, from any thread, finds
// something to post to even after the Loop is gone. Thread-safe unless a member says otherwise.
//
// Timers cost no system call in the usual case: all of them share one kernel timer that is only
// moved forward, and a cancelled timer leaves it where it is (one idle wake-up at most).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "net/loop.h"

namespace dew::net {

using SteadyTime = std::chrono::steady_clock::time_point;

class TimerQueue;

struct Timer::State {
  std::weak_ptr<TimerQueue> queue;
  Task task;  // guarded by the queue's mutex
  std::multimap<SteadyTime, std::shared_ptr<State>>::iterator
      place;            // likewise; valid while queued
  bool queued = false;  // likewise
};

// The timers of one loop, in order. Outlives the loop if a Timer does, which is why it holds no
// alarm.
class TimerQueue : public std::enable_shared_from_this<TimerQueue> {
 public:
  struct Added {
    std::shared_ptr<Timer::State> state;
    bool sooner;  // than the alarm is set to: set it to the new timer's time
  };
  Added add(SteadyTime when, Task task);
  void cancel(Timer::State& state);
  void clear();                   // drops what is queued, unrun; nothing is accepted from then on
  Task take_due(SteadyTime now);  // none when nothing is due
  SteadyTime armed();             // when the alarm must ring; max: never

 private:
  std::mutex mutex_;
  std::multimap<SteadyTime, std::shared_ptr<Timer::State>> timers_;  // guarded by mutex_
  SteadyTime armed_ = SteadyTime::max();                             // guarded by mutex_
  bool closed_ = false;                                              // guarded by mutex_
};

class LoopCore {
 public:
  LoopCore();
  ~LoopCore();
  LoopCore(const LoopCore&) = delete;
  LoopCore& operator=(const LoopCore&) = delete;

  // False when the loop has stopped; the task is then destroyed unrun.
  bool post(Task task);
  Timer after(std::chrono::milliseconds delay, Task task);
  bool on_this_thread() const;
  // The rest of the loop's life: runs it on a new thread; stops, joins and destroys every pending
  // operation.
  void start(Loop* loop);
  void stop();
  void wait_stopped() const { ended_.wait(false); }  // only once stop() has been called

  boost::asio::io_context& context() { return context_; }

 private:
  // execution_context lets only derived classes end its services early. That breaks the cycle in
  // which a pending operation owns a connection, which owns this core, which owns the operation.
  struct Context : boost::asio::io_context {
    using boost::asio::io_context::io_context;
    void end() { shutdown(); }
  };

  void arm();   // on the loop's thread
  void fire();  // on the loop's thread

  Context context_{1};  // one thread runs it; others may post
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::shared_ptr<TimerQueue> timers_;
  boost::asio::steady_timer alarm_;    // loop thread only
  std::atomic<bool> stopped_ = false;  // no task is accepted
  std::atomic<bool> ended_ = false;    // none runs, or will
  std::thread thread_;
};

}  // namespace dew::net
