// The threads. A Loop is one io thread with its event queue; Loops are all of them; Workers is the
// pool for whatever may block (disk scans, unzip, a stack update). Nothing blocking runs on a Loop.
//
// Loops are as many as cores: one that idles costs nothing, and two share what one would be too
// slow for.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace dew::net {

class LoopCore;

using Task = std::move_only_function<void()>;

// Cancels its timer when destroyed (unless fired or detached). Cancelling never waits for a running
// callback.
class Timer {
 public:
  struct State;
  Timer() = default;
  explicit Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Timer(Timer&&) = default;
  Timer& operator=(Timer&& other) noexcept;
  ~Timer();
  void cancel();
  void detach() { state_.reset(); }  // fires whatever happens to this object

 private:
  std::shared_ptr<State> state_;
};

class Loop {
 public:
  Loop();
  ~Loop();  // stops and joins
  Loop(const Loop&) = delete;

  void post(Task task);      // thread-safe; runs in order
  void dispatch(Task task);  // now if already on this loop's thread, else as post
  bool on_this_thread() const;
  Timer after(std::chrono::milliseconds delay, Task task);  // thread-safe; runs on this loop

  // Joins the thread and destroys, unrun, whatever is still queued. Not from the loop's own thread.
  // What is posted afterwards is destroyed at once.
  void stop();

  boost::asio::io_context& context();  // for files of net/ and sandbox/ that include asio
  const std::shared_ptr<LoopCore>& core() const { return core_; }  // for files of net/

  static Loop* current();  // the loop whose thread this is, or nullptr

 private:
  std::shared_ptr<LoopCore> core_;
};

class Loops {
 public:
  explicit Loops(size_t threads);
  Loop& next();  // round robin
  Loop& first();
  Loop& at(size_t index);
  size_t size() const;
  void stop();  // every loop, as Loop::stop

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  std::atomic<size_t> turn_ = 0;
};

class Workers {
 public:
  explicit Workers(size_t threads);  // at most; each is started when there is work for it
  ~Workers();                        // runs what is queued, then joins
  void post(Task task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dew::net
