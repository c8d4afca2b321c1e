// Any text is no statistic, or one whose value of a few numbers is a number.
#include <cmath>
#include <cstdlib>

#include "services/cloudwatch/statistic.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto statistic =
      dew::cloudwatch::Statistic::parse({reinterpret_cast<const char*>(data), size});
  if (!statistic) return 0;
  dew::cloudwatch::Aggregate values;
  for (const double value : {1.0, -2.5, 300.0, 300.0, 0.0}) values.add(value);
  const auto result = statistic->of(values);
  if (result && !std::isfinite(*result)) std::abort();
  return 0;
}
