// Bodies that stream: to a sink on the way in, from a file on the way out.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "net/raw_client.h"
#include "net/server.h"

namespace dew::net {
namespace {

// Takes pieces on a thread of its own.
struct Sink final : http::BodySink {
  Sink(Workers& workers_, std::string& got_, bool wanted_)
      : workers(workers_), got(got_), is_wanted(wanted_) {}
  bool wanted() const override { return is_wanted; }
  void write(std::string piece, std::move_only_function<void()> done) override {
    largest = std::max(largest, piece.size());
    workers.post([this, piece = std::move(piece), done = std::move(done)]() mutable {
      got += piece;
      done();
    });
  }
  Workers& workers;
  std::string& got;
  bool is_wanted;
  size_t largest = 0;
};

struct Streaming : testing::Test {
  void listen(bool wanted = true) {
    ServerOptions options;
    options.body_bytes = 1000;
    options.sink_from_bytes = 100;
    options.sink_bytes = 4'000'000;
    options.body_sink = [this,
                         wanted](const http::Request& head) -> std::shared_ptr<http::BodySink> {
      if (head.target == "/memory") return nullptr;
      EXPECT_TRUE(head.body.empty());
      return std::make_shared<Sink>(workers, got, wanted);
    };
    auto made =
        Server::listen(loops, options, [this](http::Request request, http::Responder respond) {
          const auto* sink = static_cast<Sink*>(request.sink.get());
          if (sink) largest = sink->largest;
          respond(http::Response::text(
              200, (sink ? "sink " : "memory ") +
                       std::to_string(sink ? got.size() : request.body.size())));
        });
    ASSERT_TRUE(made);
    server = *std::move(made);
  }
  std::string ask(std::string_view bytes) {
    got.clear();
    RawClient client(server->port());
    client.send(bytes);
    return client.response();
  }

  std::string got;
  size_t largest = 0;
  Workers workers{1};
  Loops loops{1};
  std::unique_ptr<Server> server;
};

std::string body_of(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}

TEST_F(Streaming, LargeBodiesGoToTheSinkInPieces) {
  listen();
  std::string body;
  for (int i = 0; i < 3'000'000; ++i) body += static_cast<char>(i * 31 >> 3);
  EXPECT_EQ(body_of(ask("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + body)),
            "sink 3000000");
  EXPECT_EQ(got, body);
  EXPECT_LE(largest, 600'000u);
  std::string chunked = "PUT /k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t at = 0; at < body.size(); at += 1'000'000)
    chunked += "f4240\r\n" + body.substr(at, 1'000'000) + "\r\n";
  EXPECT_EQ(body_of(ask(chunked + "0\r\n\r\n")), "sink 3000000");
  EXPECT_EQ(got, body);
}

TEST_F(Streaming, SmallOnesAndThoseOfOthersStayInMemory) {
  listen();
  EXPECT_EQ(body_of(ask("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")), "memory 3");
  EXPECT_EQ(body_of(ask("PUT /memory HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n" +
                        std::string(200, 'a'))),
            "memory 200");
  EXPECT_TRUE(ask("PUT /memory HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(ask("PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
}

TEST_F(Streaming, RequestsBehindAStreamedBodyAreAnswered) {
  listen();
  RawClient client(server->port());
  const std::string one =
      "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 200\r\n\r\n" + std::string(200, 'a');
  client.send(one + one + "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.response()), "sink 200");
  EXPECT_EQ(body_of(client.response()), "sink 400");
  EXPECT_EQ(body_of(client.response()), "memory 0");
}

TEST_F(Streaming, AClientThatWaitsIsAnsweredWithoutItsBody) {
  listen(false);
  const auto answer =
      ask("PUT /k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200"));
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(Streaming, AFileIsSentFromItsOffset) {
  char name[] = "/tmp/dew-file-XXXXXX";
  const int descriptor = ::mkstemp(name);
  std::string text;
  for (int i = 0; i < 2'000'000; ++i) text += static_cast<char>(i * 17 >> 2);
  ASSERT_EQ(::write(descriptor, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::unlink(name);  // open is enough
  const auto file = std::make_shared<const http::File>(descriptor);
  auto made = Server::listen(loops, {}, [&](http::Request request, http::Responder respond) {
    http::Response response;
    // The last one is longer than the file: the connection is cut, not filled up.
    response.file = {file, 1000, request.target == "/long" ? 3'000'000U : 1'500'000U};
    respond(std::move(response));
  });
  ASSERT_TRUE(made);
  server = *std::move(made);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.response()), text.substr(1000, 1'500'000));
  EXPECT_EQ(body_of(client.response()), text.substr(1000, 1'500'000));
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.response(false).find("Content-Length: 1500000"), std::string::npos);
  RawClient cut(server->port());
  cut.send("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(cut.response(), "");
}

}  // namespace
}  // namespace dew::net
