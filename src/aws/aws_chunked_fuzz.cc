// Properties: no input crashes the reader; what it reads does not depend on how the bytes are cut,
// and is never more than came; what was framed comes back.
#include <cstdlib>

#include "aws/aws_chunked.h"

namespace {

struct Read {
  bool good = false;
  std::string body;
};

Read read(std::string_view framed, size_t step, bool signed_chunks) {
  using namespace dew::aws;
  std::optional<ChunkSigning> signing;
  if (signed_chunks) signing = ChunkSigning{"key", "20150830T123600Z", "scope", "00"};
  ChunkedReader reader(signing, true);
  Read out;
  while (!framed.empty()) {
    const auto fed =
        reader.feed(framed.substr(0, step), [&](std::string_view plain) -> ApiResult<void> {
          out.body += plain;
          return {};
        });
    if (!fed) return out;
    framed.remove_prefix(std::min(step, framed.size()));
  }
  out.good = reader.finish().has_value();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] + 1U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read(text, std::string_view::npos, false);
  const auto cut = read(text, step, false);
  if (whole.good != cut.good || (whole.good && whole.body != cut.body)) std::abort();
  if (whole.body.size() > size) std::abort();
  (void)read(text, step, true);
  char head[32];
  const int length = std::snprintf(head, sizeof head, "%zx\r\n", text.size());
  const std::string framed = text.empty() ? "0\r\n\r\n"
                                          : std::string(head, static_cast<size_t>(length)) +
                                                std::string(text) + "\r\n0\r\n\r\n";
  const auto back = read(framed, step, false);
  if (!back.good || back.body != text) std::abort();
  return 0;
}
