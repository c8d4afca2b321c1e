// Engine: carries stack operations out. An operation is written into the stack's record, with
// everything it needs, before it starts; the engine then works from the record alone, so that after
// a crash the same operation is taken up again (resume_all) and ends as it would have.
//
// One operation per stack at a time; operations of different stacks run beside each other on
// workers. A resource's call to its service is written down before it is made (stack.h says how it
// is undone). Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "services/cloudformation/stack_store.h"

namespace dew::cloudformation {

class Engine {
 public:
  using Execute = std::function<void(net::Task)>;

  Engine(const services::Context& context, StackStore& stacks, Execute execute)
      : context_(context), stacks_(stacks), execute_(std::move(execute)) {}

  // Runs the operation that the stack's record holds.
  void start(const std::string& stack_id);
  // Takes up what a crash interrupted. Once the other services can be called.
  void resume_all();

  // Held while a stack's status is looked at and an operation is put into its record, and while
  // exports change.
  std::mutex& mutex() { return mutex_; }

  const services::Context& context() const { return context_; }
  StackStore& stacks() { return stacks_; }

 private:
  void run(const std::string& stack_id);

  const services::Context& context_;
  StackStore& stacks_;
  Execute execute_;
  std::mutex mutex_;
};

}  // namespace dew::cloudformation
