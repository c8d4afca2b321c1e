#include "aws/dispatcher.h"

#include <gtest/gtest.h>

#include "net/loop.h"

namespace dew::aws {
namespace {

class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() : clock_(TimePoint(std::chrono::seconds(1'600'000'000))), workers_(1) {}

  http::Response send(http::Request request) {
    Dispatcher dispatcher({registry_, clock_, workers_});
    http::Response out;
    std::atomic<bool> done = false;
    dispatcher.handle(std::move(request), http::Responder([&](http::Response response) {
                        out = std::move(response);
                        done = true;
                        done.notify_one();
                      }));
    done.wait(false);
    return out;
  }

  static http::Request json(std::string_view target, std::string body) {
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.headers.add("X-Amz-Target", target);
    request.headers.add("Content-Type", "application/x-amz-json-1.0");
    request.headers.add("Host", "localhost:4566");
    request.body = std::move(body);
    return request;
  }

  static http::Request rest(std::string_view method, std::string_view target,
                            std::string body = "") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers.add("Host", "localhost:4566");
    request.body = std::move(body);
    return request;
  }

  Registry registry_;
  ManualClock clock_;
  net::Workers workers_;
};

TEST_F(DispatcherTest, RunsAJsonOperation) {
  registry_.add("dynamodb", "GetItem", Run::kInline, [](Call& call) -> ApiResult<json::Value> {
    EXPECT_EQ(json::string_or(call.input, "TableName"), "users");
    EXPECT_FALSE(call.input.contains("Unknown"));
    return json::Value{{"Item", {{"id", {{"S", "1"}}}, {"raw", {{"B", "\x01\x02"}}}}}};
  });
  const auto out = send(json("DynamoDB_20120810.GetItem",
                             R"({"TableName":"users","Key":{"id":{"S":"1"}},"Unknown":1})"));
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.body, R"({"Item":{"id":{"S":"1"},"raw":{"B":"AQI="}}})");
  EXPECT_EQ(out.headers.get("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(out.headers.get("x-amzn-requestid").size(), 52);
  EXPECT_EQ(out.headers.get("server"), "Server");
  EXPECT_FALSE(out.headers.get("x-amz-crc32").empty());
}

TEST_F(DispatcherTest, ReportsWhatTheModelForbids) {
  registry_.add("dynamodb", "GetItem", Run::kInline,
                [](Call&) -> ApiResult<json::Value> { return json::Object(); });
  const auto out = send(json("DynamoDB_20120810.GetItem", R"({"TableName":"a;"})"));
  EXPECT_EQ(out.status, 400);
  EXPECT_EQ(
      out.body,
      R"({"__type":"com.amazon.coral.validate#ValidationException","message":"3 validation errors detected: )"
      R"(Value 'a;' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: )"
      R"([a-zA-Z0-9_.-]+; Value 'a;' at 'tableName' failed to satisfy constraint: Member must have length )"
      R"(greater than or equal to 3; Value null at 'key' failed to satisfy constraint: Member must not be null"})");
}

TEST_F(DispatcherTest, NamesWhatIsNotImplemented) {
  const auto out = send(json("DynamoDB_20120810.ListBackups", "{}"));
  EXPECT_EQ(out.status, 501);
  EXPECT_NE(out.body.find("ListBackups"), std::string::npos);
  const auto unknown = send(json("DynamoDB_20120810.Nonsense", "{}"));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("com.amazon.coral.service#UnknownOperationException"),
            std::string::npos);
}

TEST_F(DispatcherTest, CatchesAHandlersException) {
  registry_.add("dynamodb", "ListTables", Run::kWorker,
                [](Call&) -> ApiResult<json::Value> { throw std::runtime_error("secret detail"); });
  const auto out = send(json("DynamoDB_20120810.ListTables", "{}"));
  EXPECT_EQ(out.status, 500);
  EXPECT_EQ(out.body.find("secret"), std::string::npos);
}

TEST_F(DispatcherTest, RunsARestJsonOperationAsynchronously) {
  registry_.add_async("lambda", "Invoke", [this](Call& call, Completion done) {
    workers_.post([&call, done = std::move(done)]() mutable {
      EXPECT_EQ(json::string_or(call.input, "FunctionName"), "hello:live");
      EXPECT_EQ(json::string_or(call.input, "InvocationType"), "RequestResponse");
      done(json::Value{
          {"StatusCode", 200}, {"Payload", call.input.at("Payload")}, {"ExecutedVersion", "1"}});
    });
  });
  auto request = rest("POST", "/2015-03-31/functions/hello%3Alive/invocations", "[1]");
  request.headers.add("X-Amz-Invocation-Type", "RequestResponse");
  const auto out = send(std::move(request));
  EXPECT_EQ(out.status, 200);
  EXPECT_EQ(out.body, "[1]");
  EXPECT_EQ(out.headers.get("x-amz-executed-version"), "1");
}

TEST_F(DispatcherTest, RendersLambdasErrors) {
  registry_.add("lambda", "GetFunction", Run::kInline, [](Call&) -> ApiResult<json::Value> {
    return fail("ResourceNotFoundException", "Function not found: hello");
  });
  const auto out = send(rest("GET", "/2015-03-31/functions/hello"));
  EXPECT_EQ(out.status, 404);
  EXPECT_EQ(out.headers.get("x-amzn-errortype"), "ResourceNotFoundException");
  EXPECT_EQ(json::parse(out.body).value(),
            (json::Value{{"Type", "User"}, {"Message", "Function not found: hello"}}));
}

TEST_F(DispatcherTest, HoldsTheAnswerUntilItIsDurable) {
  registry_.add("dynamodb", "ListTables", Run::kInline,
                [](Call&) -> ApiResult<json::Value> { return json::Object(); });
  std::move_only_function<void(Result<void>)> pending;
  DispatcherOptions options{registry_, clock_, workers_};
  options.durable = [&](std::move_only_function<void(Result<void>)> done) {
    pending = std::move(done);
  };
  Dispatcher dispatcher(std::move(options));
  int status = 0;
  const auto respond = [&] {
    return http::Responder([&](http::Response response) { status = response.status; });
  };
  dispatcher.handle(json("DynamoDB_20120810.ListTables", "{}"), respond());
  EXPECT_EQ(status, 0);
  pending({});
  EXPECT_EQ(status, 200);
  dispatcher.handle(json("DynamoDB_20120810.ListTables", "{}"), respond());
  pending(fail(ErrorKind::kIo, "disk full"));
  EXPECT_EQ(status, 500);
}

TEST_F(DispatcherTest, CallsInProcessWithTheSameChecks) {
  registry_.add("sts", "GetCallerIdentity", Run::kInline, [](Call& call) -> ApiResult<json::Value> {
    return json::Value{{"Arn", call.identity.arn}};
  });
  registry_.add("dynamodb", "GetItem", Run::kInline,
                [](Call&) -> ApiResult<json::Value> { return json::Object(); });
  Dispatcher dispatcher({registry_, clock_, workers_});
  Identity identity;
  identity.arn = "arn:aws:iam::000000000000:role/x";
  const auto out = dispatcher.call(identity, "sts", "GetCallerIdentity", {});
  ASSERT_TRUE(out);
  EXPECT_EQ(out->at("Arn"), "arn:aws:iam::000000000000:role/x");
  EXPECT_EQ(dispatcher.call(identity, "dynamodb", "GetItem", {}).error().code,
            "ValidationException");
  EXPECT_EQ(dispatcher.call(identity, "dynamodb", "Nope", {}).error().status, 501);
}

class FakeTracer final : public CallTracer {
 public:
  std::unique_ptr<CallSpan> begin(const http::Request& request, std::string_view key) override {
    if (request.headers.get("x-amzn-trace-id").empty()) return nullptr;
    keys.emplace_back(key);
    return std::make_unique<CallSpan>(CallSpan{
        "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8", "00000000000000a1", {}});
  }
  void end(const CallSpan& span, const Call& call, int status, size_t bytes,
           const ApiError* error) override {
    ended.push_back(fmt::format("{} {} {} {} {}", span.id, call.operation, status, bytes,
                                error == nullptr ? "ok" : error->code));
  }
  std::vector<std::string> keys;
  std::vector<std::string> ended;
};

TEST_F(DispatcherTest, TellsTheTracerOfItsCalls) {
  std::string header;
  registry_.add("dynamodb", "ListTables", Run::kInline, [&](Call& call) -> ApiResult<json::Value> {
    header = call.http->headers.get("x-amzn-trace-id");
    if (json::int_at(call.input, "Limit") == 1) return fail("ThrottlingException", "slow down");
    return json::Object();
  });
  FakeTracer tracer;
  Dispatcher dispatcher({registry_, clock_, workers_});
  dispatcher.set_call_tracer(&tracer);
  const auto call = [&](std::string body, bool traced) {
    auto request = json("DynamoDB_20120810.ListTables", std::move(body));
    if (traced) request.headers.add("X-Amzn-Trace-Id", "Root=x;Sampled=1");
    dispatcher.handle(std::move(request), http::Responder([](const http::Response&) {}));
  };
  call("{}", false);
  EXPECT_EQ(header, "");
  call("{}", true);
  // What the call leads to is below it.
  EXPECT_EQ(header, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=00000000000000a1;Sampled=1");
  call(R"({"Limit":1})", true);
  call(R"({"Limit":1000})", true);  // refused by the model
  EXPECT_EQ(tracer.ended.size(), 3U);
  EXPECT_EQ(tracer.ended[0], "00000000000000a1 ListTables 200 2 ok");
  EXPECT_TRUE(tracer.ended[1].ends_with(" ThrottlingException"));
  EXPECT_TRUE(tracer.ended[2].ends_with(" ValidationException"));
}

TEST_F(DispatcherTest, AnswersTheHealthCheck) {
  EXPECT_EQ(send(rest("GET", "/")).body, "healthy: dynamodb.us-east-1.amazonaws.com ");
}

}  // namespace
}  // namespace dew::aws
