#include "services/cloudformation/service.h"

#include "services/cloudformation/api.h"

namespace dew::cloudformation {

Service::Service(const services::Context& context)
    : Service(context, std::make_unique<OwnThreads>(context.loops)) {}

Service::Service(const services::Context& context, std::unique_ptr<Threads> threads)
    : context_(context),
      stacks_(context_.store, context_.clock),
      engine_(context_, stacks_, std::move(threads)) {}

void Service::handle_reply(http::Request request, http::Responder respond) {
  if (request.method != "PUT")
    return respond(http::Response::text(405, "only PUT is allowed here\n"));
  context_.workers.post(
      [this, request = std::move(request), respond = std::move(respond)]() mutable {
        const auto token = request.path().substr(kReplyPath.size());
        (void)store::Store::take_last_commit();
        auto response = engine_.replies().receive(token, request.body);
        engine_.bell().ring();
        context_.store.when_durable(
            store::Store::take_last_commit(),
            [respond = std::move(respond),
             response = std::move(response)](Result<void> durable) mutable {
              respond(durable ? std::move(response) : http::Response::text(500, ""));
            });
      });
}

std::optional<std::string> Service::redelivered(std::string payload) {
  if (payload.find(kReplyPath) == std::string::npos) return payload;
  auto event = json::parse(payload);
  if (!event || !event->is_object() || !event->as_object().contains("RequestType")) return payload;
  const auto token = Replies::token_of(json::string_or(event->as_object(), "ResponseURL"));
  if (token.empty()) return payload;
  const auto open = engine_.replies().open_for_answer(token);
  if (!open) return payload;  // the store's error: as it was
  if (!*open) return std::nullopt;
  engine_.replies().note_delivery(token);
  event->as_object()["ResponseURL"] = Replies::url(context_.config, token);
  return json::dump(*event);
}

void Service::register_operations(aws::Registry& registry) {
  const Add add = [&](std::string name, aws::Run run, Operate operate) {
    registry.add("cloudformation", std::move(name), run,
                 [engine = &engine_, operate = std::move(operate)](Call& call) {
                   return operate(*engine, call);
                 });
  };
  add_stack_operations(add);
  add_steering_operations(add);
  add_change_set_operations(add);
  add_describe_operations(add);
  add_template_operations(add);
  // The AWS CLI and boto3 wait with it.
  registry.wait_on_the_wire("cloudformation", "DescribeStacks",
                            [this](const Call& call, std::move_only_function<void()> then) {
                              engine_.settling().when_settled(
                                  json::string_or(call.input, "StackName"), std::move(then));
                            });
}

}  // namespace dew::cloudformation
