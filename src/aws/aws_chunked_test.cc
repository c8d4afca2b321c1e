#include "aws/aws_chunked.h"

#include <gtest/gtest.h>

#include "aws/payload.h"

namespace dew::aws {
namespace {

struct Read {
  std::string body;
  http::Headers trailers;
};

// In pieces of `step` bytes, as a body may come.
ApiResult<Read> read(std::string_view framed, size_t step = std::string_view::npos,
                     std::optional<ChunkSigning> signing = std::nullopt, bool trailers = true) {
  ChunkedReader reader(std::move(signing), trailers);
  Read out;
  while (!framed.empty()) {
    CHECK_OK(reader.feed(framed.substr(0, step), [&](std::string_view plain) -> ApiResult<void> {
      out.body += plain;
      return {};
    }));
    framed.remove_prefix(std::min(step, framed.size()));
  }
  CHECK_OK(reader.finish());
  out.trailers = reader.trailers();
  return out;
}

TEST(AwsChunked, DecodesHoweverTheBytesAreCut) {
  const auto framed =
      "5;chunk-signature=ad80\r\nhello\r\n1;chunk-signature=0055\r\n!\r\n0;chunk-signature="
      "b6\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n";
  for (const size_t step : {1, 2, 3, 7, 1000}) {
    const auto out = read(framed, step);
    ASSERT_TRUE(out) << step;
    EXPECT_EQ(out->body, "hello!");
    EXPECT_EQ(out->trailers.get("x-amz-checksum-crc32"), "NSRBwg==");
  }
}

TEST(AwsChunked, RefusesWhatIsCutOffOrMalformed) {
  for (const auto* text :
       {"", "5\r\nhel", "5\r\nhello", "z\r\n", "ffffffffffffffff\r\nabc\r\n", "3\r\nabc\r\n",
        "3\r\nabcde\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "-3\r\nabc\r\n0\r\n\r\n",
        "0\r\nno colon\r\n\r\n", "0\r\na:b\r\na:c\r\n\r\n"}) {
    EXPECT_FALSE(read(text)) << text;
    EXPECT_FALSE(read(text, 1)) << text;
  }
  EXPECT_FALSE(read("0\r\na:b\r\n\r\n", 100, std::nullopt, false));  // no trailers there
}

// The example of docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, and its signatures.
TEST(AwsChunked, AgreesWithTheExampleOfTheDocumentation) {
  ChunkSigning signing;
  signing.key =
      signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3");
  signing.timestamp = "20130524T000000Z";
  signing.scope = "20130524/us-east-1/s3/aws4_request";
  signing.previous = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
  const std::string framed =
      "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
      std::string(65536, 'a') +
      "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
      "\r\n" +
      std::string(1024, 'a') +
      "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"
      "\r\n\r\n";
  const auto out = read(framed, 1000, signing, false);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->body.size(), 66560u);
  auto changed = framed;
  changed[200] = 'b';
  EXPECT_EQ(read(changed, 1000, signing, false).error().code, "SignatureDoesNotMatch");
}

// The example of sigv4-streaming-trailers.html.
TEST(AwsChunked, AgreesWithTheExampleOfTrailers) {
  ChunkSigning signing;
  signing.key =
      signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3");
  signing.timestamp = "20130524T000000Z";
  signing.scope = "20130524/us-east-1/s3/aws4_request";
  signing.previous = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
  const std::string framed =
      "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
      std::string(65536, 'a') +
      "\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"
      "\r\n" +
      std::string(1024, 'a') +
      "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"
      "\r\nx-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
      "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
  const auto out = read(framed, 777, signing, true);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->trailers.get("x-amz-checksum-crc32c"), "sOO8/Q==");
  auto changed = framed;
  changed[framed.find("sOO8") + 1] = 'x';
  EXPECT_EQ(read(changed, 777, signing, true).error().code, "SignatureDoesNotMatch");
}

http::Request streaming(std::string body, std::string_view length) {
  http::Request request;
  request.body = std::move(body);
  request.headers.add("Content-Encoding", "gzip,aws-chunked");
  request.headers.add("x-amz-content-sha256", kStreamingUnsignedTrailer);
  request.headers.add("x-amz-decoded-content-length", length);
  request.headers.add("x-amz-trailer", "x-amz-checksum-crc32");
  return request;
}

TEST(Payload, MovesTrailersToTheHeaders) {
  auto request = streaming("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n", "3");
  ASSERT_TRUE(read_payload(request, std::nullopt));
  EXPECT_EQ(request.body, "abc");
  EXPECT_EQ(request.headers.get("x-amz-checksum-crc32"), "NSRBwg==");
  EXPECT_EQ(request.headers.get("content-encoding"), "gzip");
}

TEST(Payload, HoldsTheBodyAgainstItsHead) {
  const std::string good = "3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n";
  for (const auto* length : {"2", "4"}) {
    auto request = streaming(good, length);
    EXPECT_EQ(read_payload(request, std::nullopt).error().code, "IncompleteBody");
  }
  auto none = streaming(good, "3");
  none.headers.erase("x-amz-decoded-content-length");
  EXPECT_EQ(read_payload(none, std::nullopt).error().code, "MissingContentLength");
  auto other = streaming("0\r\nx-amz-acl:public-read\r\n\r\n", "0");
  EXPECT_EQ(read_payload(other, std::nullopt).error().code, "MalformedTrailerError");
  other = streaming("0\r\nx-amz-acl:public-read\r\n\r\n", "0");
  other.headers.set("x-amz-trailer", "x-amz-acl");
  EXPECT_EQ(read_payload(other, std::nullopt).error().code, "NotImplemented");
  http::Request hashed;
  hashed.body = "abc";
  hashed.headers.add("x-amz-content-sha256",
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(read_payload(hashed, std::nullopt));
  EXPECT_EQ(hashed.body, "abc");
  hashed.body = "abd";
  EXPECT_EQ(read_payload(hashed, std::nullopt).error().code, "XAmzContentSHA256Mismatch");
}

}  // namespace
}  // namespace dew::aws
