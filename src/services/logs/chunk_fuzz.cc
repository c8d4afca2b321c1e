// Any bytes decode to an error or to events that encode to the same bytes again.
#include <cstdlib>

#include "services/logs/chunk.h"
#include "services/logs/filter_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto pattern = dew::logs::FilterPattern::parse(bytes)) (void)pattern->matches(bytes);
  const auto decoded = dew::logs::decode_chunk(0, 1, bytes);
  if (!decoded || decoded->empty()) return 0;
  dew::TimedLines events;
  for (const auto& event : *decoded) events.add(event.position.timestamp_ms, event.message);
  const auto again = dew::logs::decode_chunk(
      events.time_ms(0), 1,
      dew::logs::encode_chunk(decoded->front().ingested_ms, events, 0, events.size()));
  if (!again || again->size() != decoded->size()) std::abort();
  for (size_t i = 0; i < again->size(); ++i) {
    if ((*again)[i].position != (*decoded)[i].position ||
        (*again)[i].message != (*decoded)[i].message)
      std::abort();
  }
  return 0;
}
