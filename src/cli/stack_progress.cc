#include "cli/stack_progress.h"

#include <fmt/format.h>

#include <thread>

#include "cli/signals.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

constexpr auto kLongestOperation = std::chrono::minutes(60);
// A shift may take two days, and its validation functions an hour each.
constexpr auto kLongestRelease = std::chrono::hours(51);
constexpr auto kFirstPoll = std::chrono::milliseconds(5);
constexpr auto kSlowestPoll = std::chrono::milliseconds(250);
constexpr auto kRemotePoll = std::chrono::milliseconds(2500);  // AWS throttles who asks more often

bool failed(const StackEvent& event) { return event.status.ends_with("_FAILED"); }

// The failures that only say that another one stopped them.
bool is_consequence(const StackEvent& event) {
  return event.reason.find("cancelled") != std::string::npos ||
         event.reason.find("Cancelled") != std::string::npos ||
         event.type == "AWS::CloudFormation::Stack";
}

}  // namespace

StackProgress::StackProgress(ApiClient& api, std::string stack_name, bool verbose)
    : api_(api), name_(std::move(stack_name)), verbose_(verbose || !api.destination().is_local()) {
  if (auto events = stack_events(api_, name_)) {
    for (const auto& event : *events) seen_.insert(event.id);
  }
}

void StackProgress::show_new_events() {
  auto events = stack_events(api_, name_);
  if (!events) return;
  for (auto it = events->rbegin(); it != events->rend(); ++it) {
    if (!seen_.insert(it->id).second) continue;
    if (failed(*it)) failures_.push_back(*it);
    if (!verbose_ && !failed(*it)) continue;
    const Style style = failed(*it)                         ? Style::kRed
                        : it->status.ends_with("_COMPLETE") ? Style::kGreen
                                                            : Style::kDim;
    print_progress(fmt::format("  {} {} ({}){}", styled(style, it->status), it->logical_id,
                               it->type, it->reason.empty() ? "" : ": " + it->reason));
  }
}

Result<std::optional<Stack>> StackProgress::wait() {
  const auto deadline =
      std::chrono::steady_clock::now() +
      (releases_ ? std::chrono::duration_cast<std::chrono::minutes>(kLongestRelease)
                 : kLongestOperation);
  std::chrono::milliseconds pause = kFirstPoll;
  while (true) {
    auto stack = describe_stack(api_, name_);
    if (!stack) return std::unexpected(stack.error().to_error());
    if (verbose_) show_new_events();
    if (!*stack || (*stack)->status == "DELETE_COMPLETE") return std::optional<Stack>();
    if (!(*stack)->in_progress()) {
      if ((*stack)->settled_well()) return std::move(*stack);
      show_new_events();
      std::string message = fmt::format("the stack {} ended as {}", name_, (*stack)->status);
      for (const auto& failure : failures_) {
        if (failures_.size() == 1 || !is_consequence(failure)) {
          message +=
              fmt::format("\n  {} ({}): {}", failure.logical_id, failure.type, failure.reason);
        }
      }
      if (failures_.empty() && !(*stack)->reason.empty()) message += ": " + (*stack)->reason;
      return fail(ErrorKind::kInvalid, message);
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(ErrorKind::kTimeout,
                  fmt::format("the stack {} is still {}", name_, (*stack)->status));
    }
    if (releases_) releases_->look();
    if (Signals::stopping()) return fail(ErrorKind::kUnavailable, "interrupted");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, api_.destination().is_local() ? kSlowestPoll : kRemotePoll);
  }
}

}  // namespace dew::cli
