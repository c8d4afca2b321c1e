// Log events on disk: a chunk is a run of events of one stream, as they came in one flush.
//
// One record per stream and flush, not one per line: 30,000 lines a second cost a few dozen puts.
// Compressed here, once (LZ4): the store then writes, checks and compacts a fraction of the bytes.
// Within a chunk events are in order of time, and span at most kChunkSpanMs, so that a reader of a
// range knows how far before the range's start a chunk of interest may begin. Format, byte by byte:
// docs/formats/logs.md (pinned by a golden test).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timed_lines.h"

namespace dew::logs {

inline constexpr int64_t kChunkSpanMs = 60'000;
inline constexpr size_t kMaxChunkBytes = 256 * 1024;  // of messages; a larger one is begun anew

// Where an event is, and the order of all events of a group: by time, then by arrival.
struct Position {
  int64_t timestamp_ms = 0;
  uint64_t chunk = 0;  // the chunk's number, unique in the store and growing
  uint32_t index = 0;  // in the chunk

  auto operator<=>(const Position&) const = default;
  std::string digits() const;  // 56 digits in this order: event ids and page tokens
  static std::optional<Position> parse(std::string_view digits);
};

struct StoredEvent {
  Position position;
  int64_t ingested_ms = 0;
  std::string message;
};

// Of the events in [begin, end), which are in order of time and span at most kChunkSpanMs.
std::string encode_chunk(int64_t ingested_ms, const TimedLines& events, size_t begin, size_t end);
// The time of the chunk's last event, without decoding the rest; nullopt when damaged.
std::optional<int64_t> chunk_last_ms(int64_t first_ms, std::string_view bytes);
Result<std::vector<StoredEvent>> decode_chunk(int64_t first_ms, uint64_t number,
                                              std::string_view bytes);

}  // namespace dew::logs
