// Any text is refused, or parses to a tree that is the same when its own text is parsed; and
// evaluating it of one metric ends in a value or in an error.
#include <cstdlib>

#include "services/cloudwatch/math.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::cloudwatch;
  const auto tree = Expression::parse({reinterpret_cast<const char*>(data), size});
  if (!tree) return 0;
  const auto text = tree->to_text();
  // Parentheses make it longer, and deeper, than a text may be.
  if (const auto again = Expression::parse(text); again && again->to_text() != text) std::abort();
  TimeSeries series;
  series.id = "m1";
  series.values = {{0, 1}, {60, 0}, {180, -4}};
  MathInputs inputs;
  inputs.window = {0, 300};
  inputs.metrics.push_back(series);
  inputs.find = [&](std::string_view) -> MathResult { return MathValue(series); };
  (void)evaluate(*tree, inputs);
  return 0;
}
