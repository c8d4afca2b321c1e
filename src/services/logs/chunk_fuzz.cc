// Any bytes decode to an error or to events that encode to the same bytes again.
#include <cstdlib>

#include "services/logs/chunk.h"
#include "services/logs/filter_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto pattern = dew::logs::FilterPattern::parse(bytes)) (void)pattern->matches(bytes);
  const auto decoded = dew::logs::decode_chunk(0, 1, bytes);
  if (!decoded || decoded->empty()) return 0;
  std::vector<dew::logs::Event> events;
  for (const auto& event : *decoded) events.push_back({event.position.timestamp_ms, event.message});
  const auto again = dew::logs::decode_chunk(
      events.front().timestamp_ms, 1,
      dew::logs::encode_chunk(decoded->front().ingested_ms, events.data(), events.size()));
  if (!again || again->size() != decoded->size()) std::abort();
  for (size_t i = 0; i < again->size(); ++i) {
    if ((*again)[i].position != (*decoded)[i].position ||
        (*again)[i].message != (*decoded)[i].message)
      std::abort();
  }
  return 0;
}
