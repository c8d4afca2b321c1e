// Properties: no input crashes the signature parser, the canonical form or the aws-chunked decoder;
// a canonical query is a fixed point; what was framed comes back.
#include <cstdlib>

#include "aws/aws_chunked.h"
#include "aws/sigv4.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t cut = text.find('\n');
  http::Request request;
  request.method = "GET";
  request.target = "/" + std::string(text.substr(0, cut));
  request.headers.add("Authorization", text);
  request.headers.add("X-Amz-Date", "20150830T123600Z");
  (void)aws::parse_signature(request);
  for (const auto style : {aws::PathStyle::kNormalized, aws::PathStyle::kPlain}) {
    const auto canonical = aws::canonical_request(request, {"x-amz-date"}, "", style);
    const size_t start = canonical.find('\n', 4) + 1;
    const auto query = canonical.substr(start, canonical.find('\n', start) - start);
    http::Request again = request;
    again.target = "/?" + query;
    if (aws::canonical_request(again, {}, "", style).find("\n" + query + "\n") == std::string::npos)
      std::abort();
  }
  if (const auto decoded = aws::decode_aws_chunked(text); decoded && decoded->body.size() > size)
    std::abort();
  char head[32];
  const int length = std::snprintf(head, sizeof head, "%zx\r\n", size);
  const std::string framed = size == 0 ? "0\r\n\r\n"
                                       : std::string(head, static_cast<size_t>(length)) +
                                             std::string(text) + "\r\n0\r\n\r\n";
  const auto back = aws::decode_aws_chunked(framed);
  if (!back || back->body != text) std::abort();
  return 0;
}
