#include "net/client.h"

#include <gtest/gtest.h>

#include <thread>

#include "net/raw_client.h"
#include "net/server.h"

namespace dew::net {
namespace {

using namespace std::chrono_literals;

http::Request get() {
  http::Request request;
  request.method = "GET";
  return request;
}

struct Fixture {
  explicit Fixture(http::Handler handler, ServerOptions options = {}) : loops(1) {
    server = *Server::listen(loops, std::move(options), std::move(handler));
  }
  Url url(std::string_view target = "/") const {
    return *Url::parse(fmt::format("http://127.0.0.1:{}{}", server->port(), target));
  }
  Loops loops;
  std::unique_ptr<Server> server;
};

// Answers one connection with the given bytes and closes.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(fd_, 8);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answers = std::move(answers)] {
      for (const auto& answer : answers) {
        const int peer = ::accept(fd_, nullptr, nullptr);
        char bytes[4096];
        if (::recv(peer, bytes, sizeof bytes, 0) > 0)
          ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(peer);
      }
    });
  }
  ~ScriptedServer() {
    thread_.join();
    ::close(fd_);
  }
  Url url() const { return *Url::parse(fmt::format("http://localhost:{}/", port_)); }

 private:
  int fd_;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(Url, Parses) {
  const auto url = Url::parse("HTTP://Example.com:8080/a?b=c#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->host, "Example.com");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->target, "/a?b=c");
  EXPECT_EQ(Url::parse("https://x")->port, 443);
  EXPECT_EQ(Url::parse("http://x?q")->target, "/?q");
  EXPECT_EQ(Url::parse("http://[::1]:80/")->host, "[::1]");
  for (const auto* bad : {"", "x", "ftp://x", "http://", "http://x:0/", "http://x:70000",
                          "http://x:1a", "http://u:p@x", "http://x/a b", "http://[::1", "http://[]",
                          "http://[::1]x", "http://x/\r\nEvil: 1"}) {
    EXPECT_FALSE(Url::parse(bad)) << bad;
  }
  EXPECT_EQ(Url::parse("http://user:secret@x").error().message.find("secret"), std::string::npos);
}

TEST(Client, KeepsItsConnection) {
  std::atomic<int> calls = 0;
  Fixture f(
      [&](const http::Request& request, http::Responder respond) {
        ++calls;
        respond(http::Response::text(
            200, fmt::format("{} {} {}", request.method, request.target, request.body)));
      },
      [] {
        ServerOptions options;
        options.max_connections = 1;  // a second connection would be refused
        return options;
      }());
  Client client;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(f.url("/a?b"), get())->body, "GET /a?b ");
  http::Request post;
  post.method = "POST";
  post.body = std::string(300'000, 'p');
  EXPECT_EQ(client.send(f.url("/p"), post)->body, "POST /p " + post.body);
  EXPECT_EQ(calls, 4);
}

TEST(Client, ReconnectsWhenTheServerHasClosed) {
  // Each connection is closed after its answer, though that did not say so.
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedServer server({answer, answer, answer});
  Client client;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(server.url(), get())->body, "ok");
}

TEST(Client, ReadsEveryKindOfBody) {
  ScriptedServer server({
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\nuntil the end",
      "HTTP/1.0 404\r\nContent-Length: 2\r\n\r\nno",
      "HTTP/1.1 204 No Content\r\n\r\n",
  });
  Client client;
  EXPECT_EQ(client.send(server.url(), get())->body, "abc");
  EXPECT_EQ(client.send(server.url(), get())->body, "until the end");
  EXPECT_EQ(client.send(server.url(), get())->status, 404);
  EXPECT_EQ(client.send(server.url(), get())->status, 204);
}

TEST(Client, RefusesABrokenServer) {
  ScriptedServer server({
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nshort",
      "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
      "",
  });
  ClientOptions options;
  options.body_bytes = 100;
  Client client(options);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(client.send(server.url(), get()));
}

TEST(Client, GivesUpInTime) {
  http::Responder held;
  Fixture f([&](const http::Request&, http::Responder respond) { held = std::move(respond); });
  ClientOptions options;
  options.timeout = 30ms;
  Client client(options);
  const auto response = client.send(f.url(), get());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
  f.loops.stop();
}

TEST(Client, SaysWhomItCannotReach) {
  Client client;
  const auto refused = client.send(*Url::parse("http://127.0.0.1:1/"), get());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("127.0.0.1:1"), std::string::npos);
}

TEST(Client, DoesNotTrustPlainHttpForTls) {
  Fixture f([](const http::Request&, http::Responder respond) {
    respond(http::Response::text(200, "ok"));
  });
  Client client;
  const auto response =
      client.send(*Url::parse(fmt::format("https://127.0.0.1:{}/", f.server->port())), get());
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("TLS"), std::string::npos);
}

TEST(Client, LetsNoHeaderSplitTheRequest) {
  Client client;
  http::Request request = get();
  request.headers.add("X", "a\r\nY: b");
  const auto response = client.send(*Url::parse("http://127.0.0.1:1/"), request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace dew::net
