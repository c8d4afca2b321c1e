// Any documents that are accepted, one a line after a filter expression, make a trace whose parts
// name each other, in which nobody is his own ancestor, and which can be summarized, drawn and
// asked about.
#include <cmath>
#include <cstdlib>

#include "services/xray/filter.h"
#include "services/xray/service_graph.h"
#include "services/xray/summary.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const auto out = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), out.size() + 1));
    return out;
  };
  const auto filter = xray::parse_filter(line());
  xray::StoredTrace stored;
  stored.id = "1-5f000000-0123456789abcdef01234567";
  std::vector<xray::Refusal> refused;
  bool automatic = false;
  while (!text.empty()) {
    const size_t before = stored.segments.size();
    xray::read_document(line(), stored.segments, refused);
    for (size_t i = before; i < stored.segments.size(); ++i)
      stored.segments[i].automatic_call = automatic = !automatic;
  }
  const auto trace = xray::assemble(stored, "000000000000");
  const size_t count = trace.entities.size();
  for (const auto& entity : trace.entities) {
    check(entity.service < trace.services.size() && entity.owner < count);
    check(entity.parent == xray::kNoEntity || entity.parent < count);
    check(std::isfinite(entity.seconds()) && entity.seconds() >= 0);
    size_t steps = 0;
    for (size_t at = entity.parent; at != xray::kNoEntity; at = trace.entities[at].parent)
      check(++steps <= count);
  }
  check(!json::dump(xray::summarize(trace)).empty());
  xray::ServiceGraph graph;
  graph.add(trace);
  check(!json::dump(graph.render()).empty());
  if (filter) {
    const bool holds = xray::matches(*filter, trace, {});
    xray::Filter other{.kind = xray::Filter::Kind::kNot};
    other.children.push_back(*filter);
    check(xray::matches(other, trace, {}) != holds);
  }
  return 0;
}
