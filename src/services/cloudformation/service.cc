#include "services/cloudformation/service.h"

#include "services/cloudformation/api.h"

namespace dew::cloudformation {

Service::Service(const services::Context& context)
    : Service(context, std::make_unique<OwnThreads>()) {}

Service::Service(const services::Context& context, std::unique_ptr<Threads> threads)
    : context_(context),
      stacks_(context_.store, context_.clock),
      engine_(context_, stacks_, std::move(threads)) {}

void Service::register_operations(aws::Registry& registry) {
  const Add add = [&](std::string name, aws::Run run, Operate operate) {
    registry.add("cloudformation", std::move(name), run,
                 [engine = &engine_, operate = std::move(operate)](Call& call) {
                   return operate(*engine, call);
                 });
  };
  add_stack_operations(add);
  add_change_set_operations(add);
  add_describe_operations(add);
  add_template_operations(add);
}

}  // namespace dew::cloudformation
