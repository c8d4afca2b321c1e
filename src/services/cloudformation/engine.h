// Engine: carries stack operations out. An operation is written into the stack's record, with
// everything it needs, before it starts; the engine then works from the record alone, so that after
// a crash, or a stop, the same operation is taken up again (resume_all) and ends as it would have.
//
// One operation per stack at a time; operations of different stacks run beside each other, and so
// do the calls for one stack's independent resources (threads.h, steps.h). A resource's call to its
// service is written down before it is made (stack.h says how it is undone). Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "services/cloudformation/replies.h"
#include "services/cloudformation/settling.h"
#include "services/cloudformation/stack_store.h"
#include "services/cloudformation/threads.h"

namespace dew::cloudformation {

class Engine {
 public:
  Engine(const services::Context& context, StackStore& stacks, std::unique_ptr<Threads> threads)
      : context_(context),
        stacks_(stacks),
        threads_(std::move(threads)),
        replies_(stacks.store()),
        settling_(*threads_) {}
  ~Engine() { stop(); }

  // Runs the operation that the stack's record holds.
  void start(const Stack& stack);
  // Takes up what a crash or a stop interrupted. Once the other services can be called.
  void resume_all();
  // Lets the calls that are being made return, records what came of them, and waits for that. What
  // is left is for the next start.
  void stop();
  bool stopping() const { return stopping_; }

  // Held while a stack's status is looked at and an operation is put into its record, and while
  // exports change.
  std::mutex& mutex() { return mutex_; }
  // Rung when an operation ends, an answer arrives, or somebody wants one to end.
  Bell& bell() { return *bell_; }

  // Rings the bell when the clock has reached that time, unless it is given up before.
  class Alarm {
   public:
    explicit Alarm(DueTimer timer) : timer_(std::move(timer)) {}
    Alarm(Alarm&&) = default;
    ~Alarm() { timer_.cancel(); }

   private:
    DueTimer timer_;
  };
  Alarm alarm(double seconds);

  const services::Context& context() const { return context_; }
  StackStore& stacks() { return stacks_; }
  Replies& replies() { return replies_; }
  Settling& settling() { return settling_; }
  std::unique_ptr<Steps> steps() { return threads_->steps(); }

 private:
  void run(const std::string& stack_id);

  const services::Context& context_;
  StackStore& stacks_;
  std::unique_ptr<Threads> threads_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  // An alarm may ring while the engine ends.
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  Replies replies_;
  Settling settling_;
};

}  // namespace dew::cloudformation
