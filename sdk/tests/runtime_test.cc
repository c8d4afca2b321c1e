#include <dew/runtime.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <latch>
#include <stdexcept>

#include "fake_server.h"
#include "runtime_client.h"

namespace dew {
namespace {

using detail::RuntimeClient;
using test::FakeRequest;
using test::FakeServer;

const std::string kEventHeaders =
    "Lambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Deadline-Ms: 1542409706888\r\n"
    "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n"
    "lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1\r\n";

bool is_next(const FakeRequest& request) {
  return request.target == "/2018-06-01/runtime/invocation/next";
}

TEST(RuntimeClient, ReadsTheEventAndItsContext) {
  FakeServer server(
      [](const FakeRequest&) { return FakeServer::reply(200, R"({"a":1})", kEventHeaders); });
  RuntimeClient client(server.authority(), false);
  Context context;
  auto event = client.next(context);
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(*event, R"({"a":1})");
  EXPECT_EQ(context.request_id, "r-1");
  EXPECT_EQ(context.deadline_ms, 1542409706888);
  EXPECT_EQ(context.function_arn, "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(context.trace_id, "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1");
  EXPECT_EQ(context.remaining().count(), 0);
}

TEST(RuntimeClient, ReadsAChunkedEvent) {
  FakeServer server([](const FakeRequest&) {
    return "HTTP/1.1 200 OK\r\n" + kEventHeaders +
           "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n";
  });
  RuntimeClient client(server.authority(), false);
  Context context;
  EXPECT_EQ(client.next(context).value(), R"({"a":1})");
  EXPECT_EQ(context.request_id, "r-1");
}

TEST(RuntimeClient, AnswersOnTheSameConnection) {
  for (const bool pipeline : {false, true}) {
    FakeServer server([](const FakeRequest& request) {
      return is_next(request) ? FakeServer::reply(200, "{}", kEventHeaders)
                              : FakeServer::reply(202, R"({"status":"OK"})");
    });
    RuntimeClient client(server.authority(), pipeline);
    Context context;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(client.next(context));
      ASSERT_TRUE(client.respond(context.request_id, "{\"n\":" + std::to_string(i) + "}"));
    }
    const auto requests = server.requests();
    ASSERT_GE(requests.size(), 6U);
    for (const auto& request : requests) EXPECT_EQ(request.connection, 1);
    EXPECT_EQ(requests[1].target, "/2018-06-01/runtime/invocation/r-1/response");
    EXPECT_EQ(requests[1].body, R"({"n":0})");
    EXPECT_EQ(requests[3].body, R"({"n":1})");
  }
}

TEST(RuntimeClient, SurvivesAConnectionThatTheServerClosed) {
  std::atomic<int> answered{0};
  FakeServer server([&](const FakeRequest& request) -> std::string {
    if (request.connection == 1 && !is_next(request))
      return {};  // closes instead of taking the answer
    if (!is_next(request)) ++answered;
    return is_next(request) ? FakeServer::reply(200, "{}", kEventHeaders)
                            : FakeServer::reply(202, "{}");
  });
  RuntimeClient client(server.authority(), true);
  Context context;
  ASSERT_TRUE(client.next(context));
  EXPECT_TRUE(client.respond("r-1", "{}"));
  EXPECT_EQ(answered, 1);
  EXPECT_TRUE(client.next(context));
}

TEST(RuntimeClient, ReportsErrorsAsAwsDoes) {
  FakeServer server([](const FakeRequest&) { return FakeServer::reply(202, "{}"); });
  RuntimeClient client(server.authority(), false);
  ASSERT_TRUE(client.report_error("r-9", "std::runtime_error", "went \"wrong\"\n"));
  ASSERT_TRUE(client.report_init_error("X", "y"));
  const auto requests = server.requests();
  EXPECT_EQ(requests[0].target, "/2018-06-01/runtime/invocation/r-9/error");
  EXPECT_EQ(
      requests[0].body,
      R"({"errorMessage":"went \"wrong\"\n","errorType":"std::runtime_error","stackTrace":[]})");
  EXPECT_NE(requests[0].head.find("Lambda-Runtime-Function-Error-Type: std::runtime_error\r\n"),
            std::string::npos);
  EXPECT_EQ(requests[1].target, "/2018-06-01/runtime/init/error");
}

TEST(RuntimeClient, RefusesAnAnswerThatIsTooLarge) {
  FakeServer server([](const FakeRequest&) { return FakeServer::reply(202, "{}"); });
  RuntimeClient client(server.authority(), false);
  ASSERT_TRUE(client.respond("r-1", std::string(detail::kMaxResponsePayload + 1, ' ')));
  EXPECT_EQ(server.requests()[0].target, "/2018-06-01/runtime/invocation/r-1/error");
  EXPECT_NE(server.requests()[0].body.find("Function.ResponseSizeTooLarge"), std::string::npos);
}

TEST(RuntimeClient, SaysSoWhenTheRuntimeApiRefuses) {
  FakeServer server([](const FakeRequest&) { return FakeServer::reply(500, "boom"); });
  RuntimeClient client(server.authority(), false);
  Context context;
  EXPECT_EQ(client.next(context).error().status, 500);
  EXPECT_EQ(client.respond("r", "{}").error().status, 500);
}

// The thread sanitizer does not support a program that forks while it has threads.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SKIP_FORKING_TEST() GTEST_SKIP() << "forks"
#endif
#endif
#ifndef SKIP_FORKING_TEST
#define SKIP_FORKING_TEST()
#endif

// Runs `body` in a child, as a Lambda function of `server`; its exit status.
template <class Body>
int in_child(FakeServer* server, Body body, const std::function<void(pid_t)>& meanwhile = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (server != nullptr) {
      ::setenv("AWS_LAMBDA_RUNTIME_API", server->authority().c_str(), 1);
    } else {
      ::unsetenv("AWS_LAMBDA_RUNTIME_API");
    }
    ::_exit(body());
  }
  if (meanwhile) meanwhile(child);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Runtime, ServesUntilSigtermAndReportsWhatIsThrown) {
  SKIP_FORKING_TEST();
  std::latch served(1);
  std::latch ended(1);
  std::atomic<int> nexts{0};
  FakeServer server([&](const FakeRequest& request) {
    if (!is_next(request)) return FakeServer::reply(202, "{}");
    const int n = ++nexts;
    if (n == 3) {
      served.count_down();
      ended.wait();
      return std::string();
    }
    return FakeServer::reply(200, n == 1 ? "1" : "2", kEventHeaders);
  });
  const int status = in_child(
      &server,
      [] {
        return run([](std::string_view event, const Context& context) -> std::string {
          if (event == "2") throw std::runtime_error("no");
          return context.cold_start ? "\"cold\"" : "\"warm\"";
        });
      },
      [&](pid_t child) {
        served.wait();
        ::kill(child, SIGTERM);
        ended.count_down();
      });
  EXPECT_EQ(status, 0);
  const auto requests = server.requests();
  EXPECT_EQ(requests[1].body, "\"cold\"");
  EXPECT_EQ(requests[3].target, "/2018-06-01/runtime/invocation/r-1/error");
  EXPECT_NE(requests[3].body.find(R"("errorMessage":"no","errorType":"std::runtime_error")"),
            std::string::npos);
}

TEST(Runtime, ReportsAFailedFactoryAsInitError) {
  SKIP_FORKING_TEST();
  FakeServer server([&](const FakeRequest&) { return FakeServer::reply(202, "{}"); });
  const int status = in_child(
      &server, [] { return run([]() -> Handler { throw std::invalid_argument("no table"); }); });
  EXPECT_EQ(status, 1);
  EXPECT_EQ(server.requests()[0].target, "/2018-06-01/runtime/init/error");
  EXPECT_NE(server.requests()[0].body.find("no table"), std::string::npos);
}

TEST(Runtime, EndsWithAMessageOutsideOfLambda) {
  SKIP_FORKING_TEST();
  EXPECT_EQ(
      in_child(nullptr, [] { return run([](std::string_view) { return std::string("1"); }); }), 1);
}

TEST(Handler, TakesEveryShape) {
  const Context context;
  std::string out;
  make_handler([](std::string_view) { return json::object{{"a", 1}}; })("", context, out);
  EXPECT_EQ(out, R"({"a":1})");
  make_handler([](std::string_view, const Context&) { return std::string("2"); })("", context, out);
  EXPECT_EQ(out, "2");
  make_handler([](std::string_view, const Context&, std::string& into) { into = "3"; })("", context,
                                                                                        out);
  EXPECT_EQ(out, "3");
}

}  // namespace
}  // namespace dew
