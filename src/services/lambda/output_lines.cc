#include "services/lambda/output_lines.h"

#include <algorithm>
#include <utility>

namespace dew::lambda {
namespace {

void emit_cut(std::string_view text, const OutputLines::Emit& emit) {
  do {
    emit(text.substr(0, kMaxEventBytes));
    text.remove_prefix(std::min(text.size(), kMaxEventBytes));
  } while (!text.empty());
}

uint32_t big_endian_32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  return value;
}

// A frame of more than this is no frame of ours.
constexpr uint32_t kMaxFrameBytes = kMaxEventBytes;

}  // namespace

void OutputLines::feed(std::string_view bytes, const Emit& emit) {
  if (pending_.empty()) {
    bytes.remove_prefix(take(bytes, false, emit));
    pending_ = bytes;
    return;
  }
  // Whatever is pending is incomplete, so it needs a newline, or the rest of its frame.
  pending_ += bytes;
  const size_t used = take(pending_, false, emit);
  pending_.erase(0, used);
}

void OutputLines::flush(const Emit& emit) {
  if (pending_.empty()) return;
  std::string rest;
  rest.swap(pending_);
  take(rest, true, emit);
}

size_t OutputLines::take(std::string_view bytes, bool last, const Emit& emit) {
  size_t at = 0;
  size_t seen = std::exchange(seen_, 0);
  while (at < bytes.size()) {
    const std::string_view rest = bytes.substr(at);
    if (!last && rest.size() < kFrameMagic.size() && kFrameMagic.starts_with(rest)) break;
    if (rest.starts_with(kFrameMagic) && (rest.size() >= kFrameHeadBytes || !last)) {
      if (rest.size() < kFrameHeadBytes) break;
      const uint32_t length = big_endian_32(rest.substr(4));
      if (length <= kMaxFrameBytes) {
        if (rest.size() < kFrameHeadBytes + length && !last) break;
        const std::string_view text = rest.substr(kFrameHeadBytes, length);
        emit(text);
        at += kFrameHeadBytes + text.size();
        continue;
      }
    }
    // A line, which a frame ends too: someone wrote without a newline before it. A frame that
    // begins after the line's end is not looked for: that would read everything once for each line.
    const size_t newline = rest.find('\n', seen);
    const std::string_view line = rest.substr(0, newline);
    const size_t frame = line.find(kFrameMagic, std::max<size_t>(seen, 1));
    if (frame != std::string_view::npos) {
      emit_cut(line.substr(0, frame), emit);
      at += frame;
    } else if (newline != std::string_view::npos) {
      emit_cut(line, emit);
      at += newline + 1;
    } else if (last) {
      emit_cut(rest, emit);
      at = bytes.size();
    } else if (rest.size() >= kMaxEventBytes) {
      emit(rest.substr(0, kMaxEventBytes));
      at += kMaxEventBytes;
    } else {
      // The last bytes may be the first of a frame's.
      seen_ = rest.size() - std::min(rest.size(), kFrameMagic.size() - 1);
      break;
    }
    seen = 0;
  }
  return at;
}

}  // namespace dew::lambda
