#include "aws/aws_chunked.h"

#include <gtest/gtest.h>

namespace dew::aws {
namespace {

TEST(AwsChunked, DecodesSignedChunks) {
  const auto out = decode_aws_chunked(
      "5;chunk-signature=ad80\r\nhello\r\n1;chunk-signature=0055\r\n!\r\n0;chunk-signature="
      "b6\r\n\r\n");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->body, "hello!");
  EXPECT_TRUE(out->trailers.empty());
}

TEST(AwsChunked, MovesTrailersToTheHeaders) {
  http::Request request;
  request.body = "3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n";
  request.headers.add("Content-Encoding", "gzip,aws-chunked");
  request.headers.add("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  request.headers.add("x-amz-decoded-content-length", "3");
  ASSERT_TRUE(is_aws_chunked(request));
  ASSERT_TRUE(unframe(request));
  EXPECT_EQ(request.body, "abc");
  EXPECT_EQ(request.headers.get("x-amz-checksum-crc32"), "NSRBwg==");
  EXPECT_EQ(request.headers.get("content-encoding"), "gzip");
}

TEST(AwsChunked, RefusesWhatIsCutOff) {
  for (const auto* text : {"", "5\r\nhel", "5\r\nhello", "z\r\n", "ffffffffffffffff\r\nabc\r\n",
                           "3\r\nabc\r\n", "3\r\nabcde\r\n0\r\n\r\n"}) {
    EXPECT_FALSE(decode_aws_chunked(text)) << text;
  }
  http::Request request;
  request.body = "3\r\nabc\r\n0\r\n\r\n";
  request.headers.add("x-amz-decoded-content-length", "4");
  EXPECT_EQ(unframe(request).error().code, "IncompleteBody");
}

}  // namespace
}  // namespace dew::aws
