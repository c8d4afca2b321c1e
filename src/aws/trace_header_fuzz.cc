// Any text is a header; what is read of it is well-formed, and is read again the same.
#include "aws/trace_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew::aws;
  const auto header = parse_trace_header({reinterpret_cast<const char*>(data), size});
  if (!header.root.empty() && !is_trace_id(header.root)) __builtin_trap();
  if (!header.parent.empty() && !is_segment_id(header.parent)) __builtin_trap();
  const auto text = trace_header(header.root, header.parent, header.sampled);
  const auto again = parse_trace_header(text);
  if (again.root != header.root || again.parent != header.parent ||
      again.sampled != header.sampled) {
    __builtin_trap();
  }
  return 0;
}
