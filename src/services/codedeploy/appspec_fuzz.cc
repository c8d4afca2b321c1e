// Whatever is accepted can be written and read back, and is the same.
#include <cstdlib>

#include "services/codedeploy/appspec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto spec = dew::codedeploy::parse_appspec({reinterpret_cast<const char*>(data), size});
  if (!spec) return 0;
  const auto again = dew::codedeploy::parse_appspec(dew::codedeploy::to_text(*spec));
  // Names with bytes that JSON or YAML cannot carry unescaped may not come back; no function has
  // one.
  for (const auto* text : {&spec->function, &spec->alias, &spec->current, &spec->target,
                           &spec->before, &spec->after}) {
    for (const unsigned char c : *text) {
      if (c < 0x20 || c > 0x7e) return 0;
    }
  }
  if (!again || *again != *spec) std::abort();
  return 0;
}
