#include "net/loop.h"

#include <boost/asio/post.hpp>
#include <pthread.h>

#include <condition_variable>
#include <deque>

#include "base/log.h"
#include "net/loop_core.h"

namespace dew::net {

namespace {

thread_local Loop* current_loop = nullptr;
thread_local const LoopCore* current_core = nullptr;

// A task that throws is a bug of ours; it must not take the thread, and everybody's requests, with
// it.
void run_guarded(Task& task) noexcept {
  try {
    task();
  } catch (const std::exception& e) {
    log::error("a task threw: {}", e.what());
  } catch (...) {
    log::error("a task threw");
  }
}

}  // namespace

// ----------------------------------------------------------------------------------------------
// TimerQueue

TimerQueue::Added TimerQueue::add(SteadyTime when, Task task) {
  auto state = std::make_shared<Timer::State>();
  state->queue = weak_from_this();
  state->task = std::move(task);
  std::lock_guard lock(mutex_);
  if (closed_) return {state, false};
  state->place = timers_.emplace(when, state);
  state->queued = true;
  const bool sooner = when < armed_;
  if (sooner) armed_ = when;
  return {state, sooner};
}

void TimerQueue::cancel(Timer::State& state) {
  Task dropped;  // destroyed after the lock is gone: its destructor may come back here
  std::lock_guard lock(mutex_);
  if (!state.queued) return;
  state.queued = false;
  dropped = std::move(state.task);
  timers_.erase(state.place);
  // `dropped` outlives `lock` by declaration order.
}

void TimerQueue::clear() {
  decltype(timers_) dropped;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(timers_);
    for (auto& [when, state] : dropped) state->queued = false;
  }
  for (auto& [when, state] : dropped) state->task = nullptr;
}

Task TimerQueue::take_due(SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (timers_.empty() || timers_.begin()->first > now) {
    armed_ = timers_.empty() ? SteadyTime::max() : timers_.begin()->first;
    return nullptr;
  }
  const auto state = timers_.begin()->second;
  timers_.erase(timers_.begin());
  state->queued = false;
  return std::move(state->task);
}

SteadyTime TimerQueue::armed() {
  std::lock_guard lock(mutex_);
  return armed_;
}

// ------------------------------------------------------------------------------------------------
// LoopCore

LoopCore::LoopCore()
    : work_(boost::asio::make_work_guard(context_)),
      timers_(std::make_shared<TimerQueue>()),
      alarm_(context_) {}

LoopCore::~LoopCore() { stop(); }

bool LoopCore::post(Task task) {
  if (stopped_.load(std::memory_order_acquire)) return false;
  boost::asio::post(context_, [task = std::move(task)]() mutable { run_guarded(task); });
  return true;
}

Timer LoopCore::after(std::chrono::milliseconds delay, Task task) {
  const SteadyTime when = std::chrono::steady_clock::now() + delay;
  auto [state, sooner] = timers_->add(when, std::move(task));
  if (sooner) {
    if (on_this_thread()) {
      arm();
    } else {
      post([this] { arm(); });
    }
  }
  return Timer(std::move(state));
}

void LoopCore::arm() {
  const SteadyTime when = timers_->armed();
  if (when == SteadyTime::max()) return;
  alarm_.expires_at(when);
  alarm_.async_wait([this](boost::system::error_code ec) {
    if (!ec) fire();  // else moved, or the loop ended
  });
}

void LoopCore::fire() {
  const SteadyTime now = std::chrono::steady_clock::now();
  while (Task task = timers_->take_due(now)) run_guarded(task);
  arm();
}

bool LoopCore::on_this_thread() const { return current_core == this; }

void LoopCore::start(Loop* loop) {
  thread_ = std::thread([this, loop] {
    pthread_setname_np(pthread_self(), "dew-io");
    current_loop = loop;
    current_core = this;
    while (!stopped_.load(std::memory_order_acquire)) {
      try {
        context_.run();
      } catch (const std::exception& e) {
        log::error("an operation threw: {}", e.what());
      } catch (...) {
        log::error("an operation threw");
      }
    }
  });
}

void LoopCore::stop() {
  if (stopped_.exchange(true)) return;
  context_.stop();
  if (thread_.joinable()) thread_.join();
  timers_->clear();
  context_.end();
  ended_.store(true);
  ended_.notify_all();
}

// ------------------------------------------------------------------------------------------- Timer
// and Loop

Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}

Timer::~Timer() { cancel(); }

void Timer::cancel() {
  if (!state_) return;
  if (auto queue = state_->queue.lock()) queue->cancel(*state_);
  state_.reset();
}

Loop::Loop() : core_(std::make_shared<LoopCore>()) { core_->start(this); }
Loop::~Loop() { stop(); }
void Loop::stop() { core_->stop(); }
void Loop::post(Task task) { core_->post(std::move(task)); }
bool Loop::on_this_thread() const { return core_->on_this_thread(); }
boost::asio::io_context& Loop::context() { return core_->context(); }
Loop* Loop::current() { return current_loop; }

void Loop::dispatch(Task task) {
  if (on_this_thread()) {
    task();
  } else {
    post(std::move(task));
  }
}

Timer Loop::after(std::chrono::milliseconds delay, Task task) {
  return core_->after(delay, std::move(task));
}

// ---------------------------------------------------------------------------------------------------
// Loops

Loops::Loops(size_t threads) {
  threads = std::max<size_t>(1, threads);
  loops_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
}

Loop& Loops::next() {
  return *loops_[turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}
Loop& Loops::at(size_t index) { return *loops_[index]; }
Loop& Loops::first() { return *loops_.front(); }
size_t Loops::size() const { return loops_.size(); }

void Loops::stop() {
  for (auto& loop : loops_) loop->stop();
}

// -------------------------------------------------------------------------------------------------
// Workers

struct Workers::Impl {
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<Task> queue;  // guarded by mutex
  bool ending = false;     // guarded by mutex
  size_t idle = 0;         // guarded by mutex
  size_t most = 1;
  std::vector<std::thread> threads;  // guarded by mutex until `ending`

  void add_thread() {
    if (threads.size() >= most) return;
    try {
      threads.emplace_back([this] { run(); });
    } catch (const std::system_error& error) {
      if (threads.empty()) throw;  // nobody would ever run the task
      log::warn("cannot start another worker: {}", error.what());
    }
  }

  void run() {
    pthread_setname_np(pthread_self(), "dew-worker");
    while (true) {
      Task task;
      {
        std::unique_lock lock(mutex);
        ++idle;
        ready.wait(lock, [&] { return ending || !queue.empty(); });
        --idle;
        if (queue.empty()) return;
        task = std::move(queue.front());
        queue.pop_front();
      }
      run_guarded(task);
    }
  }
};

Workers::Workers(size_t threads) : impl_(std::make_unique<Impl>()) {
  impl_->most = std::max<size_t>(1, threads);
}

Workers::~Workers() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->ready.notify_all();
  for (auto& thread : impl_->threads) thread.join();
}

void Workers::post(Task task) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back(std::move(task));
    if (!impl_->ending && impl_->idle < impl_->queue.size()) impl_->add_thread();
  }
  impl_->ready.notify_one();
}

}  // namespace dew::net
