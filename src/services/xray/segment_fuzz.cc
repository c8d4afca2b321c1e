// Documents: whatever comes is either accepted, with ids and a time that can be stored and text
// that is accepted again, or refused with a code.
#include <cstdlib>

#include "aws/trace_header.h"
#include "services/xray/segment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  std::vector<xray::Segment> accepted;
  std::vector<xray::Refusal> refused;
  xray::read_document({reinterpret_cast<const char*>(data), size}, accepted, refused);
  for (const auto& one : refused) {
    if (one.code.empty()) std::abort();
  }
  for (const auto& one : accepted) {
    if (!aws::is_trace_id(one.trace_id) || !aws::is_segment_id(one.id) || one.start_ms < 0)
      std::abort();
    std::vector<xray::Segment> again;
    xray::read_document(one.text, again, refused);
    // Written anew, text of a list may be longer than what it was read from.
    if (one.text.size() > xray::kMaxDocumentBytes) continue;
    if (again.size() != 1 || again.front().id != one.id) std::abort();
  }
  return 0;
}
