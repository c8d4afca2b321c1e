// Filter expressions: what parses prints to text that parses to an equal filter.
#include <cstdlib>

#include "services/xray/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::xray;
  const auto parsed = parse_filter({reinterpret_cast<const char*>(data), size});
  if (!parsed) {
    if (parsed.error().empty()) std::abort();
    return 0;
  }
  const auto printed = to_string(*parsed);
  if (printed.size() > kMaxFilterBytes) return 0;  // printing adds quotes and space
  const auto again = parse_filter(printed);
  if (!again || !(*again == *parsed)) std::abort();
  return 0;
}
