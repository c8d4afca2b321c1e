// Heads: views stay inside the input, limits hold. Chunks: the same result however the bytes
// arrive.
#include <cstdint>
#include <cstdlib>

#include "http1.h"

using dew::detail::ChunkDecoder;
using dew::detail::Parse;

namespace {

struct Outcome {
  Parse parse = Parse::kMore;
  std::string out;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view text, size_t step) {
  Outcome outcome;
  ChunkDecoder decoder;
  std::string pending;
  for (size_t at = 0; at < text.size() && outcome.parse == Parse::kMore; at += step) {
    pending += text.substr(at, step);
    size_t consumed = 0;
    outcome.parse = decoder.feed(pending, consumed, outcome.out);
    if (consumed > pending.size()) std::abort();
    pending.erase(0, consumed);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = 1 + data[0] % 16;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  dew::detail::ResponseView response;
  dew::detail::Head head;
  if (dew::detail::parse_head(text, response, head) == Parse::kDone) {
    if (head.size > text.size() || response.status < 100 || response.status > 999) std::abort();
    for (const auto& header : response.headers) {
      if (header.name.data() < text.data() ||
          header.value.data() + header.value.size() > text.data() + text.size())
        std::abort();
    }
  }
  const Outcome whole = decode(text, text.size() + 1);
  const Outcome parts = decode(text, step);
  if (whole.parse == Parse::kDone && !(parts == whole)) std::abort();
  if (whole.parse == Parse::kBad && parts.parse == Parse::kDone) std::abort();
  return 0;
}
