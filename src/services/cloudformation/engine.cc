#include "services/cloudformation/engine.h"

#include "services/cloudformation/run.h"

namespace dew::cloudformation {

void Engine::start(const Stack& stack) {
  if (stopping_) return;
  const auto number = settling_.began(stack);
  threads_->start(
      [this, id = stack.id, number] {
        run(id);
        settling_.ended(id, number);
      },
      stack.parent_id.empty() ? Admission::kInTurn : Admission::kAtOnce);
}

Engine::Alarm Engine::alarm(double seconds) {
  // What it wakes compares times in milliseconds: not a moment before.
  const auto due = TimePoint(std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000) + 1));
  return Alarm(context_.clock.at(due, [bell = bell_](const ClockHold&) { bell->ring(); }));
}

void Engine::resume_all() {
  const auto stacks = stacks_.all();
  if (!stacks) {
    log::error("cloudformation: cannot read the stacks: {}", stacks.error().message);
    return;
  }
  for (const auto& stack : *stacks) {
    if (!stack.operation || stack.operation->paused) continue;
    log::info("cloudformation: taking up the interrupted operation on stack {}", stack.name);
    start(stack);
  }
}

void Engine::stop() {
  if (stopping_.exchange(true)) return;
  bell_->ring();
  threads_->join();
  settling_.stop();
}

void Engine::run(const std::string& stack_id) {
  auto stack = stacks_.by_id(stack_id);
  if (!stack || !*stack) {
    log::error("cloudformation: cannot read stack {}", stack_id);
    return;
  }
  const auto done = Run(*this, std::move(**stack)).go();
  if (!done) {
    log::error(
        "cloudformation: the operation on stack {} stopped and is taken up at the next start: {}",
        stack_id, done.error().message);
  }
  bell_->ring();
}

}  // namespace dew::cloudformation
