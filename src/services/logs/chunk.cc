#include "services/logs/chunk.h"

#include <fmt/format.h>

#include <charconv>

namespace dew::logs {

namespace {

constexpr char kVersion = 1;

void put_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::unexpected<Error> damaged() {
  return fail(ErrorKind::kIo, "A stored chunk of log events is damaged");
}

}  // namespace

std::string Position::digits() const {
  return fmt::format("{:020}{:020}{:016}", timestamp_ms, chunk, index);
}

std::optional<Position> Position::parse(std::string_view text) {
  if (text.size() != 56 || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  Position out;
  const auto number = [](std::string_view part, auto& to) {
    return std::from_chars(part.data(), part.data() + part.size(), to).ec == std::errc();
  };
  if (!number(text.substr(0, 20), out.timestamp_ms) || !number(text.substr(20, 20), out.chunk) ||
      !number(text.substr(40), out.index)) {
    return std::nullopt;
  }
  return out;
}

std::string encode_chunk(int64_t ingested_ms, const TimedLines& events, size_t begin, size_t end) {
  size_t bytes = 32;
  for (size_t i = begin; i < end; ++i) bytes += events.length(i) + 6;
  std::string out;
  out.reserve(bytes);
  out += kVersion;
  put_varint(out, static_cast<uint64_t>(ingested_ms));
  put_varint(out, end - begin);
  int64_t previous = begin < end ? events.time_ms(begin) : 0;
  put_varint(out, begin < end ? static_cast<uint64_t>(events.time_ms(end - 1) - previous) : 0);
  for (size_t i = begin; i < end; ++i) {
    put_varint(out, static_cast<uint64_t>(events.time_ms(i) - previous));
    previous = events.time_ms(i);
    put_varint(out, events.length(i));
    out += events.text(i);
  }
  return out;
}

std::optional<int64_t> chunk_last_ms(int64_t first_ms, std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return std::nullopt;
  bytes.remove_prefix(1);
  if (!take_varint(bytes) || !take_varint(bytes)) return std::nullopt;
  const auto span = take_varint(bytes);
  if (!span || *span > static_cast<uint64_t>(kChunkSpanMs)) return std::nullopt;
  return first_ms + static_cast<int64_t>(*span);
}

Result<std::vector<StoredEvent>> decode_chunk(int64_t first_ms, uint64_t number,
                                              std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return damaged();
  bytes.remove_prefix(1);
  const auto ingested = take_varint(bytes);
  const auto count = take_varint(bytes);
  const auto span = take_varint(bytes);
  if (!ingested || !count || !span || *count > bytes.size() ||
      *span > static_cast<uint64_t>(kChunkSpanMs)) {
    return damaged();
  }
  std::vector<StoredEvent> out;
  out.reserve(*count);
  auto time = static_cast<uint64_t>(first_ms);
  for (uint64_t i = 0; i < *count; ++i) {
    const auto delta = take_varint(bytes);
    const auto length = take_varint(bytes);
    if (!delta || !length || *length > bytes.size() || *delta > *span) return damaged();
    time += *delta;
    out.push_back({{static_cast<int64_t>(time), number, static_cast<uint32_t>(i)},
                   static_cast<int64_t>(*ingested),
                   std::string(bytes.substr(0, *length))});
    bytes.remove_prefix(*length);
  }
  if (!bytes.empty() || time != static_cast<uint64_t>(first_ms) + *span) return damaged();
  return out;
}

}  // namespace dew::logs
