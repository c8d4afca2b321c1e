#include "services/cloudformation/steps.h"

#include <algorithm>
#include <exception>

namespace dew::cloudformation {

ThreadSteps::~ThreadSteps() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  launched_changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadSteps::launch(std::string name, Step step) {
  std::lock_guard lock(mutex_);
  launched_.push_back({std::move(name), std::move(step)});
  if (idle_ < launched_.size()) {
    threads_.emplace_back([this] { work(); });
  }
  launched_changed_.notify_one();
}

Steps::Returned ThreadSteps::next() {
  std::unique_lock lock(mutex_);
  returned_changed_.wait(lock, [&] { return !returned_.empty(); });
  auto out = std::move(returned_.front());
  returned_.pop_front();
  return out;
}

void ThreadSteps::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    launched_changed_.wait(lock, [&] { return closed_ || !launched_.empty(); });
    --idle_;
    if (launched_.empty()) return;
    auto launched = std::move(launched_.front());
    launched_.pop_front();
    lock.unlock();
    Record record;
    try {
      record = launched.step.call();
    } catch (const std::exception& error) {  // a bug of ours: the operation stops, and says so
      record = [what = std::string(error.what())]() -> ApiResult<Next> {
        return std::unexpected(aws::ApiError(Error{ErrorKind::kInternal, what}));
      };
    }
    lock.lock();
    returned_.push_back({std::move(launched.name), std::move(record)});
    returned_changed_.notify_one();
  }
}

namespace {

class Scheduler {
 public:
  Scheduler(Steps& steps, const std::vector<std::string>& order, const Dependencies& needs)
      : steps_(steps), waiting_(order.begin(), order.end()), needs_(needs) {
    open_.insert(order.begin(), order.end());
  }

  ApiResult<void> run(const std::function<ApiResult<Next>(const std::string&)>& start,
                      const std::function<ApiResult<bool>()>& may_start) {
    ApiResult<void> outcome;
    while (true) {
      if (outcome) outcome = start_ready(start, may_start);
      if (in_flight_.empty()) return outcome;
      auto returned = steps_.next();
      if (in_flight_.at(returned.name) == Counts::kAsCall) --calls_;
      in_flight_.erase(returned.name);
      if (!outcome) continue;  // only waits for the rest
      auto next = returned.record();
      if (!next) {
        outcome = std::unexpected(std::move(next).error());
      } else {
        proceed(returned.name, std::move(*next));
      }
    }
  }

 private:
  void proceed(const std::string& name, Next next) {
    if (!next) {
      open_.erase(name);
      return;
    }
    in_flight_[name] = next->counts;
    if (next->counts == Counts::kAsCall) ++calls_;
    steps_.launch(name, std::move(*next));
  }

  bool ready(const std::string& name) const {
    const auto it = needs_.find(name);
    if (it == needs_.end()) return true;
    return std::ranges::none_of(
        it->second, [&](const auto& other) { return other != name && open_.contains(other); });
  }

  ApiResult<void> start_ready(const std::function<ApiResult<Next>(const std::string&)>& start,
                              const std::function<ApiResult<bool>()>& may_start) {
    while (!waiting_.empty() && calls_ < kParallelCalls) {
      auto it = std::ranges::find_if(waiting_, [&](const auto& name) { return ready(name); });
      if (it == waiting_.end()) {
        if (!in_flight_.empty()) return {};
        it = waiting_.begin();  // a circle
      }
      TRY(const auto may, may_start());
      if (!may) {
        waiting_.clear();
        return {};
      }
      const auto name = *it;
      waiting_.erase(it);
      TRY(auto next, start(name));
      proceed(name, std::move(next));
    }
    return {};
  }

  Steps& steps_;
  std::deque<std::string> waiting_;
  std::set<std::string> open_;  // waiting or in flight
  const Dependencies& needs_;
  std::map<std::string, Counts> in_flight_;
  size_t calls_ = 0;
};

}  // namespace

ApiResult<void> run_graph(Steps& steps, const std::vector<std::string>& order,
                          const Dependencies& needs,
                          const std::function<ApiResult<Next>(const std::string&)>& start,
                          const std::function<ApiResult<bool>()>& may_start) {
  return Scheduler(steps, order, needs).run(start, may_start);
}

}  // namespace dew::cloudformation
