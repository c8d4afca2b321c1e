// Properties: no input crashes the signature's parser or the canonical form; a canonical query is a
// fixed point; what was signed verifies, in Version 2 as well, and does not once its target is
// another in canonical form.
#include <cstdlib>

#include "aws/sigv2.h"
#include "aws/sigv4.h"
#include "base/encoding.h"

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
  request.headers.set("Authorization", "AWS4-HMAC-SHA256 " + std::string(text));
  (void)aws::parse_signature(request);
  http::Request second;
  second.method = "GET";
  second.target = "/bucket/key?AWSAccessKeyId=AKID&Expires=1&Signature=&" + std::string(text);
  if (const auto read = aws::parse_signature(second);
      read && *read && (*read)->version == aws::Signature::Version::k2) {
    auto signature = **read;
    signature.resource = second.target;
    const auto to_sign = aws::string_to_sign_v2(second, signature);
    signature.signature = base64_encode(hmac_sha1("secret", to_sign));
    if (!aws::matches_v2(second, signature, "secret")) std::abort();
    if (aws::matches_v2(second, signature, "other")) std::abort();
  }
  for (const auto style : {aws::PathStyle::kNormalized, aws::PathStyle::kPlain}) {
    const auto canonical = aws::canonical_request(request, {"x-amz-date"}, "", style);
    const size_t start = canonical.find('\n', 4) + 1;
    const auto query = canonical.substr(start, canonical.find('\n', start) - start);
    http::Request again = request;
    again.target = "/?" + query;
    if (aws::canonical_request(again, {}, "", style).find("\n" + query + "\n") == std::string::npos)
      std::abort();

    http::Request plain;
    plain.method = "PUT";
    plain.target = request.target;
    plain.headers.add("Host", "localhost");
    aws::SigningInput input{"AKID", "secret", "", "us-east-1", "s3", "20150830T123600Z", style};
    aws::sign_headers(plain, input, "hash");
    const auto signature = aws::parse_signature(plain);
    // A target that itself looks like a presigned URL is refused.
    if (!signature || !*signature) continue;
    if (!aws::verify_signature(plain, **signature, "secret", "hash", style).matches) std::abort();
    http::Request other = plain;
    other.target += "~";
    if (aws::canonical_request(other, {}, "", style) ==
        aws::canonical_request(plain, {}, "", style))
      continue;
    if (aws::verify_signature(other, **signature, "secret", "hash", style).matches) std::abort();
  }
  return 0;
}
