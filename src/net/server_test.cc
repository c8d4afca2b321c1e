#include "net/server.h"

#include <gtest/gtest.h>

#include <future>

#include "net/gzip.h"
#include "net/raw_client.h"

namespace dew::net {
namespace {

using namespace std::chrono_literals;

// Answers with what it got, so that a test sees how a request was understood.
void echo(http::Request request, http::Responder respond) {
  respond(http::Response::text(200, request.method + " " + request.target + " " + request.body));
}

struct Fixture {
  explicit Fixture(http::Handler handler = echo, ServerOptions options = {}, size_t threads = 1)
      : loops(threads) {
    auto made = Server::listen(loops, std::move(options), std::move(handler));
    if (!made) throw std::runtime_error(made.error().message);
    server = *std::move(made);
  }
  RawClient client() { return RawClient(server->port()); }

  Loops loops;
  std::unique_ptr<Server> server;
};

std::string body_of(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}
bool has_status(const std::string& response, int status) {
  return response.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

TEST(Server, AnswersAndKeepsTheConnection) {
  Fixture f;
  auto client = f.client();
  for (int i = 0; i < 3; ++i) {
    client.send("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto response = client.response();
    EXPECT_TRUE(has_status(response, 200));
    EXPECT_EQ(body_of(response), "GET /a?b=c ");
    EXPECT_NE(response.find("\r\nDate: "), std::string::npos);
    EXPECT_EQ(response.find("Connection:"), std::string::npos);
  }
}

TEST(Server, AnswersPipelinedRequestsInOrderAtOnce) {
  // The first is answered later, from another thread; the second waits for it.
  std::promise<http::Responder> first;
  Fixture f([&](http::Request request, http::Responder respond) {
    if (request.target == "/slow") {
      first.set_value(std::move(respond));
    } else {
      echo(std::move(request), std::move(respond));
    }
  });
  auto client = f.client();
  client.send(
      "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nHost: "
      "x\r\n\r\n");
  first.get_future().get()(http::Response::text(200, "slow"));
  EXPECT_EQ(body_of(client.response()), "slow");
  EXPECT_EQ(body_of(client.response()), "GET /1 ");
  EXPECT_EQ(body_of(client.response()), "POST /2 abc");
  EXPECT_EQ(body_of(client.response()), "GET /3 ");
}

TEST(Server, SendsAHeldAnswerWithTheNextOne) {
  std::promise<http::Responder> next;
  ServerOptions options;
  options.hold_for_pipelined = true;
  Fixture f(
      [&](http::Request request, http::Responder respond) {
        if (request.target == "/next") {
          next.set_value(std::move(respond));
        } else {
          respond(http::Response::text(request.target == "/bad" ? 400 : 202, "ok"));
        }
      },
      options);
  const std::string_view get_next = "GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto post = [](std::string_view target) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na";
  };
  auto client = f.client();
  client.send(post("/done"));  // nothing behind it: sent at once
  EXPECT_TRUE(has_status(client.response(), 202));
  client.send(post("/done") + std::string(get_next));
  auto responder = next.get_future().get();
  EXPECT_FALSE(client.readable(50ms));
  responder(http::Response::text(200, "event"));
  EXPECT_TRUE(has_status(client.response(), 202));
  EXPECT_EQ(body_of(client.response()), "event");
  next = {};
  client.send(post("/bad") + std::string(get_next));  // a refusal is never held
  EXPECT_TRUE(has_status(client.response(), 400));
  next.get_future().get()(http::Response::text(200, "event"));
  EXPECT_EQ(body_of(client.response()), "event");
}

TEST(Server, DoesNotHoldBackAnAnswerForTheNextRequest) {
  std::promise<http::Responder> next;
  Fixture f([&](http::Request request, http::Responder respond) {
    if (request.target == "/next") {
      next.set_value(std::move(respond));
    } else {
      echo(std::move(request), std::move(respond));
    }
  });
  auto client = f.client();
  client.send(
      "POST /response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}GET /next "
      "HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.response()), "POST /response {}");
  auto pending = next.get_future().get();
  EXPECT_FALSE(client.readable(0ms));
  pending(http::Response::json(200, "{}"));
  EXPECT_EQ(body_of(client.response()), "{}");
}

TEST(Server, ReadsBodiesHoweverTheyArrive) {
  Fixture f;
  auto client = f.client();
  const std::string big(1'000'000, 'b');
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(big.size()) +
              "\r\n\r\n" + big);
  EXPECT_EQ(body_of(client.response()), "POST /p " + big);
  // One byte at a time, chunked, with an extension and a trailer.
  for (const char c :
       std::string("POST /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n")) {
    client.send(std::string_view(&c, 1));
  }
  EXPECT_EQ(body_of(client.response()), "POST /q abcde");
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.response()), "GET / ");
}

TEST(Server, SendsLargeAnswersWhole) {
  const std::string big(8 * 1024 * 1024, 'r');
  Fixture f([&](const http::Request&, http::Responder respond) {
    respond(http::Response::text(200, big));
  });
  auto client = f.client();
  client.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(client.response()), big);
  EXPECT_EQ(body_of(client.response()), big);
}

TEST(Server, ContinuesWhenAsked) {
  Fixture f;
  auto client = f.client();
  client.send("PUT /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.response(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(body_of(client.response()), "PUT /c ok");
  client.send("PUT /c HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(has_status(client.response(), 417));
}

TEST(Server, AnswersHeadWithoutABody) {
  Fixture f;
  auto client = f.client();
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.response(false);
  EXPECT_NE(head.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_EQ(body_of(client.response()), "GET /g ");
}

TEST(Server, TakesTheHandlersLengthForHeadOnly) {
  Fixture f([](const http::Request&, http::Responder respond) {
    http::Response response;
    response.headers.add("Content-Length", "12345");
    respond(std::move(response));
  });
  auto client = f.client();
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.response(false).find("Content-Length: 12345\r\n"), std::string::npos);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.response().find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(Server, ClosesForOldOrPoliteClients) {
  Fixture f;
  auto old = f.client();
  old.send("GET /o HTTP/1.0\r\n\r\n");
  EXPECT_NE(old.rest().find("Connection: close\r\n"), std::string::npos);
  auto kept = f.client();
  kept.send("GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.response().find("Connection: keep-alive\r\n"), std::string::npos);
  auto polite = f.client();
  polite.send("GET /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(body_of(polite.rest()), "GET /p ");
}

TEST(Server, KeepsHandlersFromSplittingTheResponse) {
  Fixture f([](const http::Request&, http::Responder respond) {
    http::Response response;
    response.headers.add("X-Bad", "a\r\nSet-Cookie: b");
    response.headers.add("X Bad\r\n", "c");
    response.headers.add("Transfer-Encoding", "chunked");
    respond(std::move(response));
  });
  auto client = f.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = client.response();
  EXPECT_NE(response.find("X-Bad: a  Set-Cookie: b\r\n"), std::string::npos);
  EXPECT_EQ(response.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_EQ(response.find("X Bad"), std::string::npos);
  EXPECT_EQ(response.find("chunked"), std::string::npos);
}

TEST(Server, EnforcesItsLimits) {
  ServerOptions options;
  options.head_bytes = 1024;
  options.body_bytes = 1000;
  Fixture f(echo, options);
  const auto answer = [&](std::string_view bytes) {
    auto client = f.client();
    client.send(bytes);
    return client.rest();
  };
  EXPECT_TRUE(
      has_status(answer("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + std::string(2000, 'x')), 431));
  EXPECT_TRUE(
      has_status(answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), 413));
  EXPECT_TRUE(
      has_status(answer("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                        std::string(1001, 'x')),
                 413));
  EXPECT_TRUE(has_status(answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
                                std::string(1'000'000, 'x')),
                         413));
  const auto refused = answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(body_of(refused), R"({"message":"Request body too large"})");
  EXPECT_NE(refused.find("Connection: close"), std::string::npos);
}

TEST(Server, InflatesWithinTheLimit) {
  ServerOptions options;
  options.body_bytes = 100'000;
  Fixture f(echo, options);
  const auto send = [](RawClient& client, std::string_view body) {
    client.send("POST /z HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  };
  auto client = f.client();
  send(client, http::gzip("hello"));
  EXPECT_EQ(body_of(client.response()), "POST /z hello");
  std::string large;
  large.resize(10'000'000, 'x');
  send(client, http::gzip(large));  // some 10 kB on the wire
  EXPECT_TRUE(has_status(client.response(), 413));
  auto other = f.client();
  send(other, "not gzip");
  EXPECT_TRUE(has_status(other.response(), 400));
}

TEST(Server, TimesSlowClientsOut) {
  ServerOptions options;
  options.head_timeout = options.body_timeout = options.idle_timeout = 60ms;
  Fixture f(echo, options);
  auto head = f.client();
  head.send("GET / HTTP/1.1\r\nHo");
  auto body = f.client();
  body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  auto idle = f.client();
  EXPECT_TRUE(has_status(head.rest(), 408));
  EXPECT_TRUE(has_status(body.rest(), 408));
  EXPECT_TRUE(idle.closed());
}

TEST(Server, TimesAClientOutThatDoesNotRead) {
  ServerOptions options;
  options.write_timeout = 60ms;
  const std::string big(64 * 1024 * 1024, 'w');
  Fixture f([&](const http::Request&,
                http::Responder respond) { respond(http::Response::text(200, big)); },
            options);
  auto client = f.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(client.readable(2s));
  f.server->drain(5s);  // returns when the connection has been given up
  EXPECT_LT(client.rest().size(), big.size());
}

TEST(Server, RefusesConnectionsBeyondItsLimit) {
  ServerOptions options;
  options.max_connections = 1;
  Fixture f(echo, options);
  auto first = f.client();
  first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(has_status(first.response(), 200));
  auto second = f.client();
  EXPECT_TRUE(has_status(second.rest(), 503));
}

TEST(Server, SurvivesAForgetfulHandler) {
  Fixture f([](const http::Request& request, const http::Responder&) {
    if (request.target == "/throw") throw std::runtime_error("oops");
  });
  auto client = f.client();
  client.send("GET /drop HTTP/1.1\r\nHost: x\r\n\r\nGET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(has_status(client.response(), 500));
  EXPECT_TRUE(has_status(client.response(), 500));
}

TEST(Server, SurvivesAClientThatLeaves) {
  std::promise<http::Responder> held;
  Fixture f([&](http::Request request, http::Responder respond) {
    if (request.target == "/hold") {
      held.set_value(std::move(respond));
    } else {
      echo(std::move(request), std::move(respond));
    }
  });
  auto client = f.client();
  client.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  auto respond = held.get_future().get();
  client.close();
  respond(http::Response::text(200, std::string(4 * 1024 * 1024, 'x')));
  auto other = f.client();
  other.send("GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(body_of(other.response()), "GET /ok ");
}

TEST(Server, DrainsWhatIsInFlight) {
  std::promise<http::Responder> held;
  Fixture f(
      [&](const http::Request&, http::Responder respond) { held.set_value(std::move(respond)); });
  auto idle = f.client();
  auto busy = f.client();
  busy.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  auto respond = held.get_future().get();
  auto drained = std::async(std::launch::async, [&] { f.server->drain(5s); });
  EXPECT_TRUE(idle.closed());
  respond(http::Response::text(200, "last"));
  const auto response = busy.rest();
  EXPECT_NE(response.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(body_of(response), "last");
  drained.get();
  EXPECT_FALSE(f.client().connected());
}

TEST(Server, DrainEndsAtItsDeadline) {
  std::promise<http::Responder> held;
  Fixture f(
      [&](const http::Request&, http::Responder respond) { held.set_value(std::move(respond)); });
  auto busy = f.client();
  busy.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  auto respond = held.get_future().get();
  f.server->drain(10ms);
  f.server.reset();
  EXPECT_TRUE(busy.closed());
  respond(http::Response::text(200, "too late"));
}

TEST(Server, ResponderOutlivesServerAndLoops) {
  std::promise<http::Responder> held;
  http::Responder respond;
  {
    Fixture f([&](const http::Request&, http::Responder r) { held.set_value(std::move(r)); });
    auto busy = f.client();
    busy.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    respond = held.get_future().get();
    f.server.reset();
  }
  respond(http::Response::text(200, "nobody"));
}

TEST(Server, CanBeDestroyedFromItsOwnHandler) {
  Loop loop;
  std::unique_ptr<Server> server;
  std::promise<void> destroyed;
  auto made = Server::listen(loop, {}, [&](const http::Request&, http::Responder respond) {
    server.reset();
    respond(http::Response::text(200, "gone"));
    destroyed.set_value();
  });
  ASSERT_TRUE(made);
  RawClient client((*made)->port());
  server = *std::move(made);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  destroyed.get_future().get();
  EXPECT_TRUE(client.closed());
}

TEST(Server, ServesFromEveryLoop) {
  Fixture f(echo, {}, 3);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 9; ++i) clients.push_back(std::make_unique<RawClient>(f.server->port()));
  for (auto& client : clients) client->send("GET /n HTTP/1.1\r\nHost: x\r\n\r\n");
  for (auto& client : clients) EXPECT_EQ(body_of(client->response()), "GET /n ");
}

TEST(Server, SaysWhyItCannotListen) {
  Fixture f;
  ServerOptions options;
  options.port = f.server->port();
  const auto taken = Server::listen(f.loops, options, echo);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("choose another port"), std::string::npos);
  options.address = "nowhere";
  EXPECT_FALSE(Server::listen(f.loops, options, echo));
}

TEST(Server, RefusesWhatCouldBeSmuggled) {
  Fixture f;
  for (const std::string_view head : {
           "Content-Length: 3\r\nContent-Length: 3\r\n",
           "Content-Length: 3\r\nContent-Length: 4\r\n",
           "Content-Length: 3, 3\r\n",
           "Content-Length: +3\r\n",
           "Content-Length: 0x3\r\n",
           "Content-Length: \r\n",
           "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Content-Length : 3\r\n",
           "Content-Length: 99999999999999999999\r\n",
           "X: a\r\n b\r\n",
           "X: a\rb\r\n",
           "X: a\nb: c\r\n",
           "\r\n X\r\n",
       }) {
    auto client = f.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(head) +
                "\r\nabcGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto all = client.rest();
    EXPECT_TRUE(has_status(all, head.starts_with("\r\n") ? 200 : 400)) << head << all;
    if (!head.starts_with("\r\n"))
      EXPECT_EQ(all.find("HTTP/1.1", 8), std::string::npos) << head << all;
  }
  for (const std::string_view coding :
       {"gzip, chunked", "identity", "xchunked", "chunked, chunked"}) {
    auto client = f.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + std::string(coding) +
                "\r\n\r\n0\r\n\r\n");
    EXPECT_TRUE(has_status(client.rest(), 501)) << coding;
  }
  for (const std::string_view body :
       {"3 \nabc\r\n", "-1\r\n", "\r\n", "fffffffffffffffff\r\n", "3\r\nabcd\r\n", "1x\r\n"}) {
    auto client = f.client();
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                std::string(body));
    EXPECT_TRUE(has_status(client.rest(), 400)) << body;
  }
}

}  // namespace
}  // namespace dew::net
