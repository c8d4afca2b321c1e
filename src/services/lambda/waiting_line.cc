#include "services/lambda/waiting_line.h"

#include <algorithm>
#include <utility>

namespace dew::lambda {

void WaitingLine::push_first(InvocationPtr invocation) {
  line_.push_front(std::move(invocation));
  overtakes_ = 0;
}

InvocationPtr WaitingLine::take_first() { return take(nullptr); }

InvocationPtr WaitingLine::take(const net::Loop* here) {
  auto chosen = line_.begin();
  if (here != nullptr && overtakes_ < kMaxOvertakes) {
    const auto end = chosen + std::min<std::ptrdiff_t>(std::ssize(line_), kMaxOvertakes);
    const auto near = std::find_if(chosen, end, [&](const auto& one) { return one->loop == here; });
    if (near != end) chosen = near;
  }
  overtakes_ = chosen == line_.begin() ? 0 : overtakes_ + 1;
  InvocationPtr out = std::move(*chosen);
  line_.erase(chosen);
  return out;
}

std::deque<InvocationPtr> WaitingLine::take_all() {
  overtakes_ = 0;
  return std::exchange(line_, {});
}

}  // namespace dew::lambda
