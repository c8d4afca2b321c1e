#include "services/cloudformation/threads.h"

namespace dew::cloudformation {

void OwnThreads::start(net::Task operation, Admission admission) {
  std::lock_guard lock(mutex_);
  if (joining_) return;
  reap();
  if (admission == Admission::kInTurn && active_ >= kParallelOperations) {
    queue_.push_back(std::move(operation));
    return;
  }
  spawn(std::move(operation));
}

void OwnThreads::spawn(net::Task operation) {
  ++active_;
  auto& running = running_.emplace_back();
  running.thread = std::thread([this, &running, operation = std::move(operation)]() mutable {
    operation();
    while (true) {
      net::Task following;
      {
        std::lock_guard lock(mutex_);
        if (queue_.empty() || active_ > kParallelOperations) {
          --active_;
          running.done = true;
          return;
        }
        following = std::move(queue_.front());
        queue_.pop_front();
      }
      following();
    }
  });
}

void OwnThreads::reap() {
  for (auto it = running_.begin(); it != running_.end();) {
    if (!it->done) {
      ++it;
      continue;
    }
    it->thread.join();
    it = running_.erase(it);
  }
}

void OwnThreads::join() {
  std::list<Running> running;
  {
    std::lock_guard lock(mutex_);
    joining_ = true;
    queue_.clear();
    running.swap(running_);  // the elements stay where they are
  }
  for (auto& one : running) one.thread.join();
}

}  // namespace dew::cloudformation
