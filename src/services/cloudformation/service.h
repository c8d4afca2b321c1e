// CloudFormation: stacks from templates. docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
//
// An operation on a stack is checked whole (template, types, properties, parameters, capabilities)
// before it is accepted; it is then carried out by the engine on a worker, over the other services'
// public operations, as whoever asked for it. Thread-safe.
#pragma once

#include <memory>

#include "services/cloudformation/engine.h"

namespace dew::cloudformation {

class Service {
 public:
  // Operations run on the context's workers.
  explicit Service(const services::Context& context);
  // `execute` runs them elsewhere (tests: at once).
  Service(const services::Context& context, Engine::Execute execute);

  void register_operations(aws::Registry& registry);

  // Takes up the operations that a crash interrupted. Once every service can be called.
  void resume() { engine_.resume_all(); }

 private:
  services::Context context_;
  StackStore stacks_;
  Engine engine_;
};

}  // namespace dew::cloudformation
