// WaitingLine: the invocations that wait for an execution environment of one fleet, in the order in
// which they were asked, and who is next. Guarded by the pool's mutex.
#pragma once

#include <cstddef>
#include <deque>

#include "services/lambda/invocation.h"

namespace dew::net {
class Loop;
}

namespace dew::lambda {

class WaitingLine {
 public:
  /// How often the first may be passed by, in a row.
  static constexpr int kMaxOvertakes = 8;

  bool empty() const { return line_.empty(); }
  size_t size() const { return line_.size(); }
  Invocation& front() { return *line_.front(); }
  const Invocation& at(size_t place) const { return *line_[place]; }

  void push(InvocationPtr invocation) { line_.push_back(std::move(invocation)); }
  /// For one that had been taken and was handed back.
  void push_first(InvocationPtr invocation);

  InvocationPtr take_first();
  /// The first one, or one of the next that `here` asked for, which can be answered without waking
  /// another thread: the first is overtaken kMaxOvertakes times in a row and not more. `here` is
  /// the loop on which an environment has become free; null: another thread, and the first is
  /// taken.
  InvocationPtr take(const net::Loop* here);
  std::deque<InvocationPtr> take_all();

 private:
  std::deque<InvocationPtr> line_;
  int overtakes_ = 0;  // of the first
};

}  // namespace dew::lambda
