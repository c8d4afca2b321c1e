#include "services/cloudformation/settling.h"

#include <algorithm>
#include <atomic>

namespace dew::cloudformation {

struct Settling::Waiter {
  explicit Waiter(net::Task then_) : then(std::move(then_)) {}
  void release() {
    if (!released.test_and_set()) std::exchange(then, {})();
  }

  net::Task then;
  std::atomic_flag released;
};

uint64_t Settling::began(const Stack& stack) {
  const std::lock_guard lock(mutex_);
  auto& operation = operations_[stack.id];
  operation.number = ++number_;
  operation.name = stack.name;
  operation.until = std::chrono::steady_clock::now() + kSettlingTime;
  return number_;
}

void Settling::ended(const std::string& stack_id, uint64_t number) {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto it = operations_.find(stack_id);
    if (it == operations_.end() || it->second.number != number) return;
    waiters.swap(it->second.waiters);
    operations_.erase(it);
  }
  for (const auto& waiter : waiters) waiter->release();
}

void Settling::when_settled(const std::string& stack, net::Task then) {
  const auto now = std::chrono::steady_clock::now();
  const auto waiter = std::make_shared<Waiter>(std::move(then));
  std::chrono::milliseconds left{0};
  {
    const std::lock_guard lock(mutex_);
    auto it = operations_.find(stack);
    if (it == operations_.end())
      it = std::ranges::find(operations_, stack, [](const auto& one) { return one.second.name; });
    if (!stopped_ && it != operations_.end() && now < it->second.until) {
      it->second.waiters.push_back(waiter);
      left = std::chrono::ceil<std::chrono::milliseconds>(it->second.until - now);
    }
  }
  if (left.count() == 0) return waiter->release();
  threads_.later(left, [waiter] { waiter->release(); });
}

void Settling::stop() {
  std::map<std::string, Operation> operations;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    operations.swap(operations_);
  }
  for (const auto& [id, operation] : operations) {
    for (const auto& waiter : operation.waiters) waiter->release();
  }
}

}  // namespace dew::cloudformation
