#include "services/lambda/alias_shift.h"

#include <algorithm>

namespace dew::lambda {

void begin_shift(Alias& alias, const Alias& before, int wanted, int ready) {
  // Whoever serves most of the traffic goes on: after a shift that came to nothing, the version
  // before it.
  const auto heavier = before.weights.find(before.shifting_from);
  alias.shifting_from = heavier != before.weights.end() && heavier->second >= 0.5 &&
                                before.shifting_from != alias.version
                            ? before.shifting_from
                            : before.version;
  alias.weights = {{alias.shifting_from, 1.0}};
  advance_shift(alias, wanted, ready);
}

bool advance_shift(Alias& alias, int wanted, int ready) {
  if (alias.shifting_from.empty()) return false;
  if (ready >= wanted) {
    end_shift(alias);
    return true;
  }
  const double share = 1.0 - static_cast<double>(std::max(ready, 0)) / wanted;
  return std::exchange(alias.weights[alias.shifting_from], share) != share;
}

void end_shift(Alias& alias) {
  if (alias.shifting_from.empty()) return;
  alias.shifting_from.clear();
  alias.weights.clear();
}

}  // namespace dew::lambda
