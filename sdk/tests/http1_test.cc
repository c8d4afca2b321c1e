#include "http1.h"

#include <gtest/gtest.h>

namespace dew::detail {
namespace {

Parse parse(std::string_view text, ResponseView& response, Head& head) {
  return parse_head(text, response, head);
}

TEST(Http1, ParsesAHead) {
  ResponseView response;
  Head head;
  const std::string text =
      "HTTP/1.1 200 OK\r\nContent-Length:  5 \r\nX-A: b c\t\r\nEmpty:\r\n\r\nhello";
  ASSERT_EQ(parse(text, response, head), Parse::kDone);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(head.content_length, 5U);
  EXPECT_EQ(text.substr(head.size), "hello");
  EXPECT_EQ(response.header("x-a"), "b c");
  EXPECT_EQ(response.header("empty"), "");
  EXPECT_TRUE(response.keep_alive);
  for (size_t cut = 0; cut < head.size; ++cut) {
    ResponseView part;
    Head part_head;
    EXPECT_EQ(parse(std::string_view(text).substr(0, cut), part, part_head), Parse::kMore);
  }
}

TEST(Http1, RefusesWhatIsAmbiguous) {
  ResponseView response;
  Head head;
  for (const std::string_view bad :
       {"HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nNo colon\r\n\r\n"}) {
    EXPECT_EQ(parse(bad, response, head), Parse::kBad) << bad;
  }
  EXPECT_EQ(parse(std::string(kMaxHead, 'a'), response, head), Parse::kBad);
}

TEST(Http1, FramesAsRfc9112Says) {
  ResponseView response;
  Head head;
  ASSERT_EQ(parse("HTTP/1.1 204 No\r\n\r\n", response, head), Parse::kDone);
  EXPECT_EQ(head.framing, Framing::kLength);
  ASSERT_EQ(parse("HTTP/1.1 200 OK\r\n\r\n", response, head), Parse::kDone);
  EXPECT_EQ(head.framing, Framing::kUntilClose);
  ASSERT_EQ(parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", response, head), Parse::kDone);
  EXPECT_FALSE(response.keep_alive);
  ASSERT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n",
                  response, head),
            Parse::kDone);
  EXPECT_EQ(head.framing, Framing::kChunked);
  EXPECT_FALSE(response.keep_alive);
}

TEST(Http1, DecodesChunksHoweverTheyArrive) {
  const std::string text =
      "5;ext=1\r\nhello\r\nA\r\n, wide wor\r\n2\r\nld\r\n0\r\nTrailer: x\r\n\r\nNEXT";
  for (size_t step = 1; step <= text.size(); ++step) {
    ChunkDecoder decoder;
    std::string out;
    std::string pending;
    Parse parsed = Parse::kMore;
    for (size_t at = 0; at < text.size() && parsed == Parse::kMore; at += step) {
      pending += text.substr(at, step);
      size_t consumed = 0;
      parsed = decoder.feed(pending, consumed, out);
      pending.erase(0, consumed);
    }
    EXPECT_EQ(parsed, Parse::kDone);
    EXPECT_EQ(out, "hello, wide world");
  }
  for (const std::string_view bad : {"x\r\n", "5\r\nhelloX\r\n", "\r\n", "fffffffff\r\n"}) {
    ChunkDecoder decoder;
    std::string out;
    size_t consumed = 0;
    EXPECT_EQ(decoder.feed(bad, consumed, out), Parse::kBad) << bad;
  }
}

}  // namespace
}  // namespace dew::detail
