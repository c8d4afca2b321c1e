// Properties: no input crashes the reader; what it reads does not depend on how the bytes are cut,
// and is never more than came; what was framed comes back.
#include <cstdlib>

#include "aws/form_data.h"

namespace {

using dew::aws::ApiResult;
using dew::aws::FormPart;
using dew::aws::FormReader;

struct Parts : FormReader::Sink {
  std::string all;  // of every part: its name and its data
  ApiResult<void> begin(FormPart part) override {
    all += part.name + '\0' + part.filename.value_or("") + '\0';
    return {};
  }
  ApiResult<void> data(std::string_view bytes) override {
    all += bytes;
    return {};
  }
  ApiResult<void> end() override {
    all += '\0';
    return {};
  }
};

struct Read {
  bool good = false;
  std::string all;
};

Read read(std::string_view body, size_t step) {
  auto reader = FormReader::open("multipart/form-data; boundary=x");
  Parts parts;
  Read out;
  while (!body.empty()) {
    if (!reader->feed(body.substr(0, step), parts)) return out;
    body.remove_prefix(std::min(step, body.size()));
  }
  out.good = reader->finish().has_value();
  out.all = std::move(parts.all);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = data[0] + 1U;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)FormReader::open(text);
  (void)dew::aws::parse_form_disposition(text);
  const auto whole = read(text, std::string_view::npos);
  const auto cut = read(text, step);
  if (whole.good != cut.good || (whole.good && whole.all != cut.all)) std::abort();
  if (whole.all.size() > 2 * size) std::abort();
  if (text.find("\r\n--x") != std::string_view::npos || text.starts_with("--x")) return 0;
  const std::string framed = "--x\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n" +
                             std::string(text) + "\r\n--x--\r\n";
  const auto back = read(framed, step);
  const std::string expected = std::string("n\0\0", 3) + std::string(text) + '\0';
  if (!back.good || back.all != expected) std::abort();
  return 0;
}
