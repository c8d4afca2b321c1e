// CloudFormation: stacks from templates. docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
//
// An operation on a stack is checked whole (template, types, properties, parameters, capabilities)
// before it is accepted; it is then carried out by the engine on threads of its own, over the other
// services' public operations, as whoever asked for it. Thread-safe.
#pragma once

#include <memory>

#include "services/cloudformation/engine.h"

namespace dew::cloudformation {

class Service {
 public:
  explicit Service(const services::Context& context);
  // On other threads (tests: on their own).
  Service(const services::Context& context, std::unique_ptr<Threads> threads);

  void register_operations(aws::Registry& registry);

  // PUT kReplyPath TOKEN: an answer or a signal that a stack waits for.
  void handle_reply(http::Request request, http::Responder respond);

  // A function's event that an earlier life accepted, and that will be delivered again. A custom
  // resource's request gets a URL that is answered in this one; nullopt: it has been answered, or
  // nobody waits for the answer. Of all such events, before resume().
  std::optional<std::string> redelivered(std::string payload);

  // Takes up the operations that a crash or a stop interrupted. Once every service can be called.
  void resume() { engine_.resume_all(); }
  // No operation makes another call once this returns; resume() in the next life takes them up.
  // While the other services can still be called.
  void stop() { engine_.stop(); }

 private:
  services::Context context_;
  StackStore stacks_;
  Engine engine_;
};

}  // namespace dew::cloudformation
