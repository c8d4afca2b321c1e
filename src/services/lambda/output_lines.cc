#include "services/lambda/output_lines.h"

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
    // A line, which a frame ends too: someone wrote without a newline before it.
    const size_t newline = rest.find('\n');
    const size_t frame = rest.find(kFrameMagic, 1);
    if (frame != std::string_view::npos && (newline == std::string_view::npos || frame < newline)) {
      emit_cut(rest.substr(0, frame), emit);
      at += frame;
    } else if (newline != std::string_view::npos) {
      emit_cut(rest.substr(0, newline), emit);
      at += newline + 1;
    } else if (last) {
      emit_cut(rest, emit);
      at = bytes.size();
    } else if (rest.size() >= kMaxEventBytes) {
      emit(rest.substr(0, kMaxEventBytes));
      at += kMaxEventBytes;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace dew::lambda
