#include "base/due_queue.h"

namespace dew {

DueTimer DueQueue::add(TimePoint due, ClockTask task) {
  auto shared = std::make_shared<ClockTask>(std::move(task));
  {
    const std::scoped_lock lock(state_->mutex);
    state_->tasks.emplace(due, shared);
  }
  return DueTimer([state = std::weak_ptr(state_), due, which = std::weak_ptr(shared)] {
    const auto queue = state.lock();
    const auto task_ = which.lock();
    if (!queue || !task_) return;
    const std::scoped_lock lock(queue->mutex);
    const auto [first, last] = queue->tasks.equal_range(due);
    for (auto it = first; it != last; ++it) {
      if (it->second != task_) continue;
      queue->tasks.erase(it);
      return;
    }
  });
}

std::optional<TimePoint> DueQueue::next() const {
  const std::scoped_lock lock(state_->mutex);
  if (state_->tasks.empty()) return std::nullopt;
  return state_->tasks.begin()->first;
}

bool DueQueue::run_next(TimePoint now) {
  std::shared_ptr<ClockTask> task;
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->stopped || state_->tasks.empty() || state_->tasks.begin()->first > now)
      return false;
    task = std::move(state_->tasks.begin()->second);
    state_->tasks.erase(state_->tasks.begin());
  }
  (*task)(hold());
  return true;
}

size_t DueQueue::size() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->tasks.size();
}

ClockHold DueQueue::hold() {
  {
    const std::scoped_lock lock(state_->mutex);
    ++state_->holds;
  }
  return {static_cast<void*>(state_.get()), [state = state_](void*) {
            const std::scoped_lock lock(state->mutex);
            if (--state->holds == 0) state->released.notify_all();
          }};
}

void DueQueue::wait_for_holds() {
  std::unique_lock lock(state_->mutex);
  state_->released.wait(lock, [&] { return state_->holds == 0 || state_->stopped; });
}

void DueQueue::stop() {
  const std::scoped_lock lock(state_->mutex);
  state_->stopped = true;
  state_->released.notify_all();
}

}  // namespace dew
