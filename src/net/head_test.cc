#include "net/head.h"

#include <gtest/gtest.h>

#include "net/chunked.h"
#include "net/gzip.h"

namespace dew::net {
namespace {

std::expected<RequestHead, ProtocolError> parse(std::string_view lines) {
  const std::string head = std::string(lines) + "\r\n";
  size_t from = 0;
  const auto found = find_head_end(head, from);
  if (!found) return std::unexpected(found.error());
  EXPECT_EQ(*found, head.size());
  return parse_request_head(head);
}

int status_of(std::string_view lines) {
  const auto head = parse(lines);
  return head ? 200 : head.error().status;
}

TEST(Head, FindsItsEnd) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\n";
  size_t from = 0;
  for (size_t n = 0; n < bytes.size() - 5; ++n) {
    const auto found = find_head_end(std::string_view(bytes).substr(0, n), from);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, n == bytes.size() - 5 ? n : 0) << n;
  }
  EXPECT_EQ(*find_head_end(bytes, from), bytes.size() - 5);
  from = 0;
  EXPECT_FALSE(find_head_end("GET / HTTP/1.1\nHost", from));
}

TEST(Head, ReadsTheRequestLine) {
  const auto head = parse(
      "PATCH /a/b%20c?d=e&f HTTP/1.1\r\nHost: example.com:80\r\nX-A:  1 \t\r\nx-a: "
      "2\r\nEmpty:\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->request.method, "PATCH");
  EXPECT_EQ(head->request.path(), "/a/b%20c");
  EXPECT_EQ(head->request.query(), "d=e&f");
  EXPECT_EQ(head->request.host(), "example.com");
  EXPECT_EQ(head->request.headers.size(), 4U);
  EXPECT_EQ(head->request.headers.get("X-A"), "1");
  EXPECT_TRUE(head->request.headers.has("empty"));
  EXPECT_TRUE(head->framing.keep_alive);
  EXPECT_FALSE(head->framing.content_length);
  for (const auto* bad :
       {"GET / HTTP/1.1 ", "GET /", "GET", "", "GET  HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/1.1x",
        "GET / http/1.1", "GET a HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /#f HTTP/1.1",
        "GET * HTTP/1.1", "GET ftp://x/ HTTP/1.1", "GET http:///x HTTP/1.1",
        "GET http://a@b/ HTTP/1.1", "GET / /b HTTP/1.1", "GET\t/\tHTTP/1.1", " GET / HTTP/1.1"}) {
    EXPECT_EQ(status_of(std::string(bad) + "\r\nHost: x\r\n"), 400) << bad;
  }
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: x\r\n"), 505);
  EXPECT_EQ(status_of("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n"), 501);
  EXPECT_EQ(status_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n"), 200);
}

TEST(Head, ReducesAbsoluteTargets) {
  const auto head = parse("GET http://real.example:8080?q=1 HTTP/1.1\r\nHost: other\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->request.target, "/?q=1");
  EXPECT_EQ(head->request.headers.get("host"), "real.example:8080");
}

TEST(Head, RefusesBadFields) {
  for (const std::string_view line :
       {std::string_view("No-Colon\r\n"), std::string_view("Space : x\r\n"),
        std::string_view(": x\r\n"), std::string_view("N\0l: x\r\n", 8),
        std::string_view("Nul: a\0b\r\n", 10), std::string_view("Esc: \x1b\r\n"),
        std::string_view("A: b\r\n folded\r\n"), std::string_view("Cr: a\rb\r\n"),
        std::string_view("Host: y\r\n"), std::string_view("Content-Length: a\r\n")}) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\n" + std::string(line)), 400) << line;
  }
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n"), 400);  // no Host
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n"), 200);  // none needed
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a b\r\n"), 400);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (size_t i = 0; i < kMaxHeaders; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_of(many), 431);
  // The Host of an absolute target counts too, so that what is accepted can be written out again.
  std::string absolute = "GET http://x/ HTTP/1.0\r\n";
  for (size_t i = 0; i < kMaxHeaders; ++i) absolute += "A: b\r\n";
  EXPECT_EQ(status_of(absolute), 431);
}

TEST(Head, ReadsResponses) {
  const auto head = parse_response_head(
      "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->response.status, 404);
  EXPECT_EQ(head->framing.content_length, 3U);
  EXPECT_FALSE(head->framing.keep_alive);
  EXPECT_TRUE(parse_response_head("HTTP/1.1 200\r\n\r\n"));
  for (const auto* bad : {"HTTP/1.1\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
                          "HTTP/1.1 abc\r\n\r\n"}) {
    EXPECT_FALSE(parse_response_head(bad)) << bad;
  }
}

TEST(Chunked, DecodesHoweverItIsCut) {
  const std::string wire = "5;ext=\"v\"\r\nhello\r\n1 ;x\r\n \r\n00\r\nT: 1\r\n\r\nNEXT";
  for (size_t step = 1; step <= wire.size(); ++step) {
    ChunkedDecoder decoder;
    std::string body;
    size_t used = 0;
    while (!decoder.done() && used < wire.size()) {
      const auto taken = decoder.feed(std::string_view(wire).substr(used, step), body, 100);
      ASSERT_TRUE(taken) << taken.error().message;
      used += *taken;
    }
    EXPECT_EQ(body, "hello ");
    EXPECT_EQ(wire.substr(used), "NEXT");
  }
}

TEST(Chunked, IsBounded) {
  const auto status = [](std::string_view wire) {
    ChunkedDecoder decoder;
    std::string body;
    const auto taken = decoder.feed(wire, body, 10);
    return taken ? 200 : taken.error().status;
  };
  EXPECT_EQ(status("b\r\n"), 413);
  EXPECT_EQ(status("a\r\n0123456789\r\n1\r\n"), 413);
  EXPECT_EQ(status("1;" + std::string(300, 'x')), 400);
  EXPECT_EQ(status("ffffffffffffff\r\n"), 400);
  EXPECT_EQ(status("0\r\n" + std::string(9000, 't')), 431);
  EXPECT_EQ(status("0\r\nno colon\r\n"), 400);
  EXPECT_EQ(status("1\nx"), 400);
  EXPECT_EQ(status("1\r\nxy\r\n"), 400);
  EXPECT_EQ(status("1;\x01\r\n"), 400);
}

TEST(Gzip, RoundTripsWithinItsLimit) {
  for (const size_t size : {0UL, 1UL, 1000UL, 16384UL, 1000000UL}) {
    const std::string plain(size, 'z');
    const auto packed = http::gzip(plain);
    EXPECT_EQ(http::gunzip(packed, size).value(), plain);
    EXPECT_EQ(http::gunzip(packed + packed, 2 * size).value(), plain + plain);
    if (size > 0) EXPECT_EQ(http::gunzip(packed, size - 1).error(), http::GunzipError::kTooLarge);
    EXPECT_EQ(http::gunzip(packed.substr(0, packed.size() - 1), size).error(),
              http::GunzipError::kMalformed);
    EXPECT_EQ(http::gunzip(packed + "x", size).error(), http::GunzipError::kMalformed);
  }
  EXPECT_EQ(http::gunzip("", 10).error(), http::GunzipError::kMalformed);
}

TEST(Gzip, KnowsWhoTakesIt) {
  EXPECT_TRUE(http::accepts_gzip("gzip"));
  EXPECT_TRUE(http::accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(http::accepts_gzip("*"));
  EXPECT_FALSE(http::accepts_gzip(""));
  EXPECT_FALSE(http::accepts_gzip("identity"));
  EXPECT_FALSE(http::accepts_gzip("gzip;q=0.000"));
  EXPECT_FALSE(http::accepts_gzip("gzip; q=0"));
}

}  // namespace
}  // namespace dew::net
