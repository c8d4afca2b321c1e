// Any line is no embedded metrics, or gives values that are finite numbers of named metrics.
#include <cmath>
#include <cstdlib>

#include "services/cloudwatch/emf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto line = dew::cloudwatch::parse_emf({reinterpret_cast<const char*>(data), size});
  if (!line) return 0;
  for (const auto& value : line->values) {
    if (value.metric.name.empty() || value.metric.space.empty() || value.values.empty())
      std::abort();
    for (const double one : value.values) {
      if (!std::isfinite(one)) std::abort();
    }
  }
  return 0;
}
