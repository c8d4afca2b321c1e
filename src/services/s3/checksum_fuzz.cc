// Property: a decoded body, framed again as one chunk, decodes to itself.
#include <fmt/format.h>

#include <cstdlib>

#include "services/s3/checksum.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto once = dew::s3::decode_aws_chunked({reinterpret_cast<const char*>(data), size});
  if (!once) return 0;
  if (once->body.size() > size) std::abort();
  std::string framed;
  if (!once->body.empty()) framed = fmt::format("{:x}\r\n{}\r\n", once->body.size(), once->body);
  framed += "0\r\n\r\n";
  const auto twice = dew::s3::decode_aws_chunked(framed);
  if (!twice || twice->body != once->body) std::abort();
  return 0;
}
