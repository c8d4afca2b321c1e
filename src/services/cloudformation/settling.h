// Settling: who asks how a stack does in the first second of its operation waits for the end of
// that second or of the operation. Most operations end sooner, and whoever finds one under way
// looks again much later: the AWS CLI's and boto3's waiters after thirty seconds.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "services/cloudformation/stack.h"
#include "services/cloudformation/threads.h"

namespace dew::cloudformation {

inline constexpr std::chrono::milliseconds kSettlingTime{1000};

class Settling {
 public:
  explicit Settling(Threads& threads) : threads_(threads) {}

  // The operation's number, for its end: the next one may have begun when it is told.
  uint64_t began(const Stack& stack);
  void ended(const std::string& stack_id, uint64_t number);
  // Runs `then` once, at once where nobody has to wait; else on the thread that says the end, or on
  // a loop. `stack`: a name or an id.
  void when_settled(const std::string& stack, net::Task then);
  // Lets everybody go, and keeps nobody from now on.
  void stop();

 private:
  struct Waiter;
  struct Operation {
    uint64_t number = 0;
    std::string name;
    std::chrono::steady_clock::time_point until;
    std::vector<std::shared_ptr<Waiter>> waiters;
  };

  Threads& threads_;
  std::mutex mutex_;
  bool stopped_ = false;
  uint64_t number_ = 0;
  std::map<std::string, Operation> operations_;  // by the stack's id
};

}  // namespace dew::cloudformation
