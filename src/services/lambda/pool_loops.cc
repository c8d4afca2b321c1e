// Which loop serves: an invocation that stays on the loop where it was asked wakes no other thread,
// and environments on every loop let it stay.
#include <unordered_map>

#include "services/lambda/pool.h"

namespace dew::lambda {

InvocationPtr Pool::take_waiting(Fleet& fleet) {
  --waiting_;
  return fleet.waiting.take(net::Loop::current());
}

EnvironmentPtr Pool::take_idle(Fleet& fleet) {
  if (fleet.idle.empty()) return nullptr;
  auto chosen = fleet.idle.end() - 1;
  if (loops_.size() > 1) {
    const auto* here = net::Loop::current();
    for (auto it = fleet.idle.end(); it != fleet.idle.begin();) {
      --it;
      if (&(*it)->loop() == here) {
        chosen = it;
        break;
      }
    }
  }
  EnvironmentPtr env = std::move(*chosen);
  fleet.idle.erase(chosen);
  return env;
}

// Where the fewest of the fleet's environments are, so that all loops share its work; of several,
// the one on which somebody waits.
net::Loop& Pool::loop_for(const Fleet& fleet, const Invocation* first) {
  std::unordered_map<const net::Loop*, size_t> there;
  for (const auto& env : fleet.all) ++there[&env->loop()];
  net::Loop* chosen = first && first->loop != nullptr ? first->loop : &loops_.next();
  for (size_t i = 0; i < loops_.size(); ++i) {
    net::Loop& loop = loops_.at(i);
    if (there[&loop] < there[chosen]) chosen = &loop;
  }
  return *chosen;
}

}  // namespace dew::lambda
