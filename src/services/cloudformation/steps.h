// Steps: the calls that one stack operation makes to services, side by side, and the order in which
// a graph of resources starts them. What a call came to is recorded on the operation's own thread,
// so that nothing but the calls themselves runs beside anything else.
//
// At most kParallelCalls calls of one operation run at a time. Steps that only wait for somebody
// else (a function's answer, a nested stack) do not count: what they wait for may need the others.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/cloudformation/graph.h"

namespace dew::cloudformation {

inline constexpr size_t kParallelCalls = 16;

struct Step;
using Next = std::unique_ptr<Step>;  // null: the resource is done
// Runs on the operation's thread once the call has returned; may go on with another step for the
// same resource. An error is the store's: the operation ends there.
using Record = std::move_only_function<ApiResult<Next>()>;

enum class Counts { kAsCall, kAsWait };

struct Step {
  std::move_only_function<Record()> call;  // on any thread
  Counts counts = Counts::kAsCall;
};

// Where the calls run. Belongs to one operation's thread.
class Steps {
 public:
  struct Returned {
    std::string name;
    Record record;
  };
  virtual ~Steps() = default;
  virtual void launch(std::string name, Step step) = 0;
  // Waits for a launched step to return. There is one.
  virtual Returned next() = 0;
};

// On threads of its own, made as they are needed and joined at the end.
class ThreadSteps final : public Steps {
 public:
  ~ThreadSteps() override;
  void launch(std::string name, Step step) override;
  Returned next() override;

 private:
  struct Launched {
    std::string name;
    Step step;
  };
  void work();

  std::mutex mutex_;
  std::condition_variable launched_changed_;
  std::condition_variable returned_changed_;
  std::deque<Launched> launched_;
  std::deque<Returned> returned_;
  size_t idle_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

// Starts every name of `order` once all it needs (among them) are done, in `order` where that
// leaves a choice, until all are done. `may_start` is asked before each: once it says no, nothing
// is started any more, and the call returns when what was started is done. Names that need each
// other in a circle are started one by one.
ApiResult<void> run_graph(Steps& steps, const std::vector<std::string>& order,
                          const Dependencies& needs,
                          const std::function<ApiResult<Next>(const std::string&)>& start,
                          const std::function<ApiResult<bool>()>& may_start);

}  // namespace dew::cloudformation
