#include "services/logs/chunk.h"

#include <fmt/format.h>
#include <lz4.h>

#include <charconv>

namespace dew::logs {

namespace {

constexpr char kPlain = 1;
constexpr char kCompressed = 2;
// Less is not worth the two calls.
constexpr size_t kCompressFromBytes = 512;
// Of events, as a damaged chunk may claim: far above kMaxChunkBytes and one largest message.
constexpr size_t kMostEventBytes = 16 * 1024 * 1024;

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

struct Header {
  char version = kPlain;
  uint64_t ingested_ms = 0;
  uint64_t count = 0;
  uint64_t span_ms = 0;
};

// Takes it off the front of `bytes`.
std::optional<Header> take_header(std::string_view& bytes) {
  if (bytes.empty() || (bytes.front() != kPlain && bytes.front() != kCompressed))
    return std::nullopt;
  Header out{.version = bytes.front()};
  bytes.remove_prefix(1);
  for (uint64_t* value : {&out.ingested_ms, &out.count, &out.span_ms}) {
    const auto taken = take_varint(bytes);
    if (!taken) return std::nullopt;
    *value = *taken;
  }
  if (out.span_ms > static_cast<uint64_t>(kChunkSpanMs)) return std::nullopt;
  return out;
}

void put_header(std::string& out, const Header& header) {
  out += header.version;
  put_varint(out, header.ingested_ms);
  put_varint(out, header.count);
  put_varint(out, header.span_ms);
}

// nullopt: it would not be smaller.
std::optional<std::string> compress(Header header, std::string_view events) {
  if (events.size() < kCompressFromBytes || events.size() > kMostEventBytes) return std::nullopt;
  const auto size = static_cast<int>(events.size());
  const auto room = static_cast<size_t>(LZ4_compressBound(size));
  std::string out;
  header.version = kCompressed;
  put_header(out, header);
  put_varint(out, events.size());
  const size_t begin = out.size();
  out.resize(begin + room);
  const int packed =
      LZ4_compress_default(events.data(), out.data() + begin, size, static_cast<int>(room));
  if (packed <= 0 || static_cast<size_t>(packed) >= events.size()) return std::nullopt;
  out.resize(begin + static_cast<size_t>(packed));
  return out;
}

std::optional<std::string> decompress(std::string_view bytes) {
  const auto size = take_varint(bytes);
  if (!size || *size > kMostEventBytes || bytes.size() > kMostEventBytes) return std::nullopt;
  std::string out(*size, '\0');
  const int taken = LZ4_decompress_safe(bytes.data(), out.data(), static_cast<int>(bytes.size()),
                                        static_cast<int>(out.size()));
  if (taken < 0 || static_cast<size_t>(taken) != out.size()) return std::nullopt;
  return out;
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
  Header header{.ingested_ms = static_cast<uint64_t>(ingested_ms), .count = end - begin};
  int64_t previous = begin < end ? events.time_ms(begin) : 0;
  if (begin < end) header.span_ms = static_cast<uint64_t>(events.time_ms(end - 1) - previous);
  size_t bytes = 32;
  for (size_t i = begin; i < end; ++i) bytes += events.length(i) + 6;
  std::string out;
  out.reserve(bytes);
  put_header(out, header);
  const size_t body = out.size();
  for (size_t i = begin; i < end; ++i) {
    put_varint(out, static_cast<uint64_t>(events.time_ms(i) - previous));
    previous = events.time_ms(i);
    put_varint(out, events.length(i));
    out += events.text(i);
  }
  auto packed = compress(header, std::string_view(out).substr(body));
  return packed ? *std::move(packed) : out;
}

std::optional<int64_t> chunk_last_ms(int64_t first_ms, std::string_view bytes) {
  const auto header = take_header(bytes);
  if (!header) return std::nullopt;
  return first_ms + static_cast<int64_t>(header->span_ms);
}

Result<std::vector<StoredEvent>> decode_chunk(int64_t first_ms, uint64_t number,
                                              std::string_view bytes) {
  const auto header = take_header(bytes);
  if (!header) return damaged();
  std::string plain;
  if (header->version == kCompressed) {
    auto events = decompress(bytes);
    if (!events) return damaged();
    plain = *std::move(events);
    bytes = plain;
  }
  if (header->count > bytes.size()) return damaged();
  std::vector<StoredEvent> out;
  out.reserve(header->count);
  auto time = static_cast<uint64_t>(first_ms);
  for (uint64_t i = 0; i < header->count; ++i) {
    const auto delta = take_varint(bytes);
    const auto length = take_varint(bytes);
    if (!delta || !length || *length > bytes.size() || *delta > header->span_ms) return damaged();
    time += *delta;
    out.push_back({{static_cast<int64_t>(time), number, static_cast<uint32_t>(i)},
                   static_cast<int64_t>(header->ingested_ms),
                   std::string(bytes.substr(0, *length))});
    bytes.remove_prefix(*length);
  }
  if (!bytes.empty() || time != static_cast<uint64_t>(first_ms) + header->span_ms) return damaged();
  return out;
}

}  // namespace dew::logs
