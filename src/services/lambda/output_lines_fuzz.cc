// Whatever the bytes and however they are cut into pieces: the same events come out, each within
// the limit, and unframed text is neither lost nor invented.
#include <cstdlib>

#include "services/lambda/output_lines.h"

namespace {

std::string run(std::string_view bytes, size_t piece) {
  dew::lambda::OutputLines lines;
  std::string out;
  const auto emit = [&](std::string_view text) {
    if (text.size() > dew::lambda::kMaxEventBytes) std::abort();
    out += text;
    out += '\n';
  };
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, piece);
    lines.feed(part, emit);
    bytes.remove_prefix(part.size());
  }
  lines.flush(emit);
  if (!lines.empty()) std::abort();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = run(bytes, bytes.size() + 1);
  const std::string pieces = run(bytes, 1 + (data[0] % 7));
  if (bytes.find(dew::lambda::kFrameMagic) == std::string_view::npos) {
    if (whole != pieces) std::abort();
    std::string expected(bytes);
    if (!expected.empty() && expected.back() != '\n') expected += '\n';
    if (whole != expected) std::abort();
  }
  return 0;
}
