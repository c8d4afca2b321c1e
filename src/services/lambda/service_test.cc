// The service with real processes: a small custom runtime that does what its event asks for.
#include "services/lambda/service.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <set>

#include "base/ids.h"
#include "base/movable_clock.h"
#include "services/lambda/pool.h"
#include "store/memory/memory_store.h"

namespace dew::lambda {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBootstrap = R"(#!/usr/bin/python3
import http.client, json, os, sys, time
if os.environ.get("MODE") == "exit": sys.exit(7)
if os.environ.get("MODE") == "slow": time.sleep(0.25)
c = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/invocation/"
me = os.urandom(8).hex()
def post(path, body):
    c.request("POST", path, body); r = c.getresponse(); r.read(); return r.status
while True:
    c.request("GET", base + "next"); r = c.getresponse(); body = r.read(); id = r.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(body); act = event.get("act", "echo")
    if act == "echo": post(base + id + "/response", body)
    if act == "trace": post(base + id + "/response", json.dumps(r.headers["Lambda-Runtime-Trace-Id"]))
    if act == "pid": post(base + id + "/response", json.dumps(me))
    if act == "env": post(base + id + "/response", json.dumps(dict(os.environ)))
    if act == "garbage": post(base + id + "/response", b"<html>")
    if act == "huge": post(base + id + "/response", b'"' + b"x" * 7000000 + b'"')
    if act == "error": post(base + id + "/error", b'{"errorType":"E","errorMessage":"m"}')
    if act == "wrong": post(base + id + "/response", json.dumps(post(base + "other/response", b"1")))
    if act == "loop": time.sleep(60)
    if act == "sleep": time.sleep(event["ms"] / 1000); post(base + id + "/response", json.dumps(me))
    if act == "exit": os._exit(3)
    if act == "flood":
        for i in range(event["lines"]): print("%08d" % i + "x" * 91)
        sys.stdout.flush(); post(base + id + "/response", b"1")
    if act == "print": print("hello", flush=True); post(base + id + "/response", b"1")
)";

class Roles final : public aws::Caller {
 public:
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object input) override {
    if (json::string_or(input, "RoleArn").ends_with("absent")) {
      return aws::fail("AccessDenied", "no", 403);
    }
    if (refuse) return aws::fail("AccessDenied", "no", 403);
    return json::Object{
        {"Credentials", json::Object{{"AccessKeyId", fmt::format("ASIATEST{}", ++given)},
                                     {"SecretAccessKey", "secret"},
                                     {"SessionToken", "token"}}}};
  }
  std::atomic<int> given = 0;
  std::atomic<bool> refuse = false;
};

class Lines final : public LogSink {
 public:
  Room append(std::string_view group, std::string_view, const TimedLines& lines) override {
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < lines.size(); ++i) text_.append(group).append(" ").append(lines.text(i));
    return full_ ? Room::kNone : Room::kEnough;
  }
  void when_room(std::string_view, std::string_view,
                 std::move_only_function<void()> call) override {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(call));
  }
  // From now on there is no room, or there is again.
  void set_full(bool full) {
    std::vector<std::move_only_function<void()>> waiting;
    {
      const std::scoped_lock lock(mutex_);
      full_ = full;
      if (!full) waiting.swap(waiting_);
    }
    for (auto& call : waiting) call();
  }
  bool somebody_waits() {
    const std::scoped_lock lock(mutex_);
    return !waiting_.empty();
  }
  std::string text() {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
  bool full_ = false;
  std::vector<std::move_only_function<void()>> waiting_;
};

class Traces final : public TraceSink {
 public:
  bool sample(std::string_view, std::string_view) override {
    ++asked;
    return answer;
  }
  void invocation_began(std::string_view key, const InvocationTrace& trace) override {
    note("began " + std::string(key) + " " + trace.invocation_id);
  }
  void invocation_ended(std::string_view key, const InvocationTrace& trace) override {
    note("ended " + std::string(key) + " " + trace.invocation_id);
  }
  void record_service(const InvocationTrace&, TimePoint, int status, bool fault) override {
    note("service " + std::to_string(status) + (fault ? " fault" : ""));
  }
  void record_function(const InvocationTrace& trace) override {
    {
      const std::scoped_lock lock(mutex_);
      functions.push_back(trace);
    }
    note("function " + trace.error_type);
  }
  void note(std::string text) {
    const std::scoped_lock lock(mutex_);
    notes.push_back(std::move(text));
    changed_.notify_all();
  }
  // Waits until the function's segment is there, the last of all.
  InvocationTrace function(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return functions.size() >= count; });
    return functions.at(count - 1);
  }

  std::atomic<int> asked = 0;
  std::atomic<bool> answer = true;
  std::vector<std::string> notes;
  std::vector<InvocationTrace> functions;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() : directory_(fs::temp_directory_path() / ("dew-lambda-" + random_hex(12))) {
    fs::create_directories(directory_);
    config_.data_directory = (directory_ / "data").string();
    open();
  }
  ~ServiceTest() override {
    service_.reset();
    fs::remove_all(directory_);
  }
  void open() {
    service_.reset();
    registry_ = {};
    service_ = std::make_unique<Service>(
        context_, sandbox::Sandbox::open({.state_directory = config_.data_directory}), logs_,
        &traces_);
    service_->register_operations(registry_);
  }

  std::string archive(std::string_view bootstrap = kBootstrap) const {
    const std::string path = (directory_ / "a.zip").string();
    zip_t* z = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    auto* source = zip_source_buffer(z, bootstrap.data(), bootstrap.size(), 0);
    const auto index = zip_file_add(z, "bootstrap", source, 0);
    zip_file_set_external_attributes(z, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX,
                                     0100755U << 16);
    zip_close(z);
    std::FILE* file = std::fopen(path.c_str(), "rb");
    std::string bytes(fs::file_size(path), '\0');
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    return bytes;
  }

  aws::ApiResult<json::Value> call(std::string_view operation, json::Object input) {
    const auto* entry = registry_.find("lambda", operation);
    aws::Call request;
    request.service = "lambda";
    request.operation = operation;
    request.request_id = uuid_v4();
    request.input = std::move(input);
    if (entry->handler) return entry->handler(request);
    std::promise<aws::ApiResult<json::Value>> done;
    entry->async(request,
                 [&](aws::ApiResult<json::Value> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
  }

  void create(std::string name, json::Object more = {}) {
    json::Object input{{"FunctionName", std::move(name)},
                       {"Runtime", "provided"},
                       {"Handler", "x"},
                       {"MemorySize", 256},
                       {"Role", "arn:aws:iam::000000000000:role/r"},
                       {"Code", json::Object{{"ZipFile", archive()}}}};
    for (auto& [key, value] : more) input[key] = value;
    const auto created = call("CreateFunction", std::move(input));
    ASSERT_TRUE(created) << created.error().message;
  }

  json::Object invoke(std::string_view name, std::string_view payload, json::Object more = {}) {
    more["FunctionName"] = name;
    more["Payload"] = payload;
    auto result = call("Invoke", std::move(more));
    if (!result) return {{"error", result.error().code}, {"message", result.error().message}};
    return result->as_object();
  }
  static std::string payload(const json::Object& output) {
    return json::string_or(output, "Payload");
  }

  fs::path directory_;
  services::Config config_;
  MovableClock clock_;
  std::unique_ptr<store::Store> store_ = store::make_memory_store();
  Roles caller_;
  net::Loops loops_{1};
  net::Workers workers_{2};
  services::Context context_{config_, clock_, *store_, caller_, loops_, workers_};
  Lines logs_;
  Traces traces_;
  aws::Registry registry_;
  std::unique_ptr<Service> service_;
};

TEST_F(ServiceTest, InvokesAndStaysWarm) {
  create("f");
  EXPECT_EQ(payload(invoke("f", R"({"a":1})")), R"({"a":1})");
  const auto first = payload(invoke("f", R"({"act":"pid"})"));
  EXPECT_EQ(payload(invoke("f", R"({"act":"pid"})")), first);
  const auto environment = payload(invoke("f", R"({"act":"env"})"));
  for (const char* part : {"ASIATEST", "\"AWS_LAMBDA_FUNCTION_NAME\": \"f\"", "AWS_ENDPOINT_URL"}) {
    EXPECT_NE(environment.find(part), std::string::npos) << part;
  }
}

// A session lasts an hour; whoever begins with sixteen minutes left may end after it.
TEST_F(ServiceTest, RenewsCredentialsBeforeTheyExpire) {
  create("f");
  const auto key = [&] {
    const auto text = payload(invoke("f", R"({"act":"env"})"));
    const auto at = text.find("ASIATEST");
    return at == text.npos ? text : text.substr(at, text.find('"', at) - at);
  };
  const auto advance = [&](int minutes) {
    std::promise<void> done;
    clock_.advance(std::chrono::minutes(minutes), [&](const Result<void>&) { done.set_value(); });
    done.get_future().wait();
  };
  clock_.start();
  EXPECT_EQ(key(), "ASIATEST1");
  advance(43);
  EXPECT_EQ(key(), "ASIATEST1");
  advance(2);
  EXPECT_EQ(key(), "ASIATEST2");
  advance(300);
  EXPECT_EQ(key(), "ASIATEST3");
}

TEST_F(ServiceTest, AsksWhetherTheRoleCanBeAssumedNow) {
  create("f");
  caller_.refuse = true;
  // What is kept of the role would do for starting the function, and says nothing of today.
  const auto refused = call("UpdateFunctionConfiguration",
                            {{"FunctionName", "f"}, {"Role", "arn:aws:iam::000000000000:role/s"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "InvalidParameterValueException");
  EXPECT_EQ(refused.error().message,
            "The role defined for the function cannot be assumed by Lambda.");
  caller_.refuse = false;
  ASSERT_TRUE(call("DeleteFunction", {{"FunctionName", "f"}}));
  caller_.refuse = true;
  const auto again = call("CreateFunction", {{"FunctionName", "f"},
                                             {"Runtime", "provided"},
                                             {"Handler", "x"},
                                             {"Role", "arn:aws:iam::000000000000:role/r"},
                                             {"Code", json::Object{{"ZipFile", archive()}}}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message,
            "The role defined for the function cannot be assumed by Lambda.");
}

TEST_F(ServiceTest, EveryFailureHasItsDocumentAndTheNextOneWorks) {
  create("f", {{"Timeout", 1}});
  const std::pair<const char*, const char*> cases[] = {
      {R"({"act":"exit"})", "Runtime exited with error: exit status 3"},
      {R"({"act":"loop"})", "Sandbox.Timedout"},
      {R"({"act":"garbage"})", "Runtime.InvalidResponse"},
      {R"({"act":"huge"})", "Function.ResponseSizeTooLarge"},
      {R"({"act":"error"})", R"({"errorType":"E","errorMessage":"m"})"}};
  for (const auto& [event, expected] : cases) {
    const auto output = invoke("f", event);
    EXPECT_EQ(json::string_or(output, "FunctionError"), "Unhandled") << event;
    EXPECT_NE(payload(output).find(expected), std::string::npos) << payload(output);
    EXPECT_EQ(payload(invoke("f", R"({"ok":1})")), R"({"ok":1})") << event;
  }
  EXPECT_EQ(payload(invoke("f", R"({"act":"wrong"})")), "400");
  EXPECT_NE(logs_.text().find("Task timed out after 1.00 seconds"), std::string::npos);
  EXPECT_NE(logs_.text().find("Status: timeout"), std::string::npos);
}

TEST_F(ServiceTest, TracesWhereTheFunctionOrTheCallerSaysSo) {
  create("passes");
  create("active", {{"TracingConfig", json::Object{{"Mode", "Active"}}}});
  const auto header = [&](std::string_view name) {
    const auto text = payload(invoke(name, R"({"act":"trace"})"));
    return json::str(json::parse(text).value());
  };
  EXPECT_TRUE(header("passes").ends_with(";Sampled=0"));
  EXPECT_EQ(traces_.asked, 0);
  EXPECT_TRUE(traces_.notes.empty());

  const auto traced = header("active");
  const auto first = traces_.function(1);
  EXPECT_EQ(traced, "Root=" + first.trace_id + ";Parent=" + first.invocation_id + ";Sampled=1");
  ASSERT_TRUE(first.cold_start);
  EXPECT_LE(first.cold_start->planned, first.cold_start->prepared);
  EXPECT_LE(first.cold_start->prepared, first.cold_start->spawned);
  EXPECT_LT(first.cold_start->spawned, first.cold_start->ready);
  EXPECT_LE(first.cold_start->ready, first.delivered);
  EXPECT_LE(first.delivered, first.answered);
  EXPECT_LE(first.answered, first.ended);
  EXPECT_EQ(traces_.asked, 1);

  invoke("active", R"({"act":"error"})");
  const auto second = traces_.function(2);
  EXPECT_FALSE(second.cold_start);
  EXPECT_EQ(second.error_type, "E");
  EXPECT_EQ(second.error_message, "m");
  EXPECT_TRUE(traces_.notes.at(0).starts_with("began ASIATEST")) << traces_.notes.at(0);
  EXPECT_EQ(traces_.notes.at(2), "ended" + traces_.notes.at(0).substr(5));

  traces_.answer = false;
  EXPECT_TRUE(header("active").ends_with(";Sampled=0"));
  EXPECT_EQ(traces_.functions.size(), 2U);
}

TEST_F(ServiceTest, FailuresToStart) {
  create("f", {{"Environment", json::Object{{"Variables", json::Object{{"MODE", "exit"}}}}}});
  const auto output = invoke("f", "{}");
  EXPECT_NE(payload(output).find("exit status 7"), std::string::npos) << payload(output);
  EXPECT_NE(logs_.text().find("INIT_REPORT Init Duration:"), std::string::npos);
  EXPECT_NE(logs_.text().find("Phase: invoke\tStatus: error\tError Type: Runtime.ExitError"),
            std::string::npos);
}

TEST_F(ServiceTest, LogsTheInvocation) {
  create("f");
  const auto output = invoke("f", R"({"act":"print"})", {{"LogType", "Tail"}});
  EXPECT_FALSE(json::string_or(output, "LogResult").empty());
  const auto text = logs_.text();
  const auto start = text.find("/aws/lambda/f START RequestId: ");
  const auto line = text.find("/aws/lambda/f hello\n");
  const auto report = text.find("/aws/lambda/f REPORT RequestId: ");
  EXPECT_LT(start, line);
  EXPECT_LT(line, report);
  EXPECT_NE(report, std::string::npos);
}

// Whoever prints while the sink has no room waits for it, with what it has printed kept; others are
// answered meanwhile.
TEST_F(ServiceTest, HoldsBackAFunctionWhoseOutputHasNoRoom) {
  create("flood", {{"Timeout", 60}});
  create("f");
  constexpr int kLines = 20'000;
  logs_.set_full(true);
  auto flood = std::async(std::launch::async, [&] {
    return payload(invoke("flood", fmt::format(R"({{"act":"flood","lines":{}}})", kLines)));
  });
  while (!logs_.somebody_waits()) std::this_thread::yield();
  EXPECT_EQ(payload(invoke("f", R"({"a":1})")), R"({"a":1})");
  EXPECT_EQ(flood.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_LT(logs_.text().size(), size_t{kLines} * 100);
  logs_.set_full(false);
  EXPECT_EQ(flood.get(), "1");
  EXPECT_EQ(payload(invoke("flood", R"({"a":1})")), R"({"a":1})");  // the log before is complete
  const auto text = logs_.text();
  size_t at = 0;
  for (int i = 0; i < kLines; ++i) {
    at = text.find(fmt::format("/aws/lambda/flood {:08}x", i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(ServiceTest, RunsConcurrentlyAndCountsReservedConcurrency) {
  create("f");
  std::vector<std::future<std::string>> runs;
  for (int i = 0; i < 12; ++i) {
    runs.push_back(std::async(std::launch::async, [&] { return payload(invoke("f", "{}")); }));
  }
  for (auto& run : runs) EXPECT_EQ(run.get(), "{}");
  ASSERT_TRUE(
      call("PutFunctionConcurrency", {{"FunctionName", "f"}, {"ReservedConcurrentExecutions", 0}}));
  EXPECT_EQ(json::string_or(invoke("f", "{}"), "error"), "TooManyRequestsException");
}

// However often a fast function's invocations have to wait for a moment: each would be served
// sooner than another environment could start.
TEST_F(ServiceTest, StartsNoEnvironmentWhereAWarmOneIsExpectedSooner) {
  create("f", {{"Environment", json::Object{{"Variables", json::Object{{"MODE", "slow"}}}}}});
  const auto at_once = [&](size_t count, int ms) {
    const std::string event = fmt::format(R"({{"act":"sleep","ms":{}}})", ms);
    std::vector<std::future<std::string>> runs;
    for (size_t i = 0; i < count; ++i) {
      runs.push_back(std::async(std::launch::async, [&] { return payload(invoke("f", event)); }));
    }
    std::set<std::string> environments;
    for (auto& run : runs) environments.insert(run.get());
    return environments.size();
  };
  const size_t busy = PoolOptions::for_this_machine().busy_environments;
  while (at_once(busy, 1000) < busy) {  // until all have started
  }
  for (int i = 0; i < 50; ++i) at_once(1, 0);
  EXPECT_EQ(at_once(busy + 1, 80), busy);
  // Now it is known to be slow, so that the wait is longer than a start.
  for (int i = 0; i < 2; ++i) at_once(busy, 1200);
  EXPECT_EQ(at_once(busy + 1, 1200), busy + 1);
}

TEST_F(ServiceTest, KeepsProvisionedEnvironments) {
  create("f", {{"Publish", true}});
  const json::Object one{{"FunctionName", "f"}, {"Qualifier", "1"}};
  const auto put = [&](int count) {
    auto input = one;
    input["ProvisionedConcurrentExecutions"] = count;
    ASSERT_TRUE(call("PutProvisionedConcurrencyConfig", std::move(input)));
  };
  const auto ready = [&](int count) {
    for (int i = 0; i < 2000; ++i) {
      const auto config = call("GetProvisionedConcurrencyConfig", one);
      if (json::string_or(config->as_object(), "Status") == "READY")
        return json::int_at(config->as_object(), "AllocatedProvisionedConcurrentExecutions") ==
               count;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  };
  const auto ask = [&](std::string_view act) {
    return payload(invoke("f", fmt::format(R"({{"act":"{}"}})", act), {{"Qualifier", "1"}}));
  };
  put(2);  // and nothing begins before the cloud is there
  EXPECT_EQ(json::string_or(call("GetProvisionedConcurrencyConfig", one)->as_object(), "Status"),
            "IN_PROGRESS");
  EXPECT_NE(ask("env").find("on-demand"), std::string::npos);
  service_->resume();
  ASSERT_TRUE(ready(2));
  EXPECT_NE(ask("env").find("provisioned-concurrency"), std::string::npos);
  // Changed while it is used.
  std::vector<std::future<std::string>> runs;
  for (int i = 0; i < 12; ++i) {
    runs.push_back(std::async(std::launch::async, [&] { return ask("echo"); }));
    put(1 + i % 3);
  }
  for (auto& run : runs) EXPECT_EQ(run.get(), R"({"act":"echo"})");
  ASSERT_TRUE(ready(3));
  // A session that is about to end is not begun with; another environment takes its place.
  put(1);
  ASSERT_TRUE(ready(1));
  const auto before = ask("pid");
  clock_.start();
  std::promise<void> moved;
  clock_.advance(std::chrono::minutes(50), [&](const Result<void>&) { moved.set_value(); });
  moved.get_future().wait();
  EXPECT_NE(ask("pid"), before);
  ASSERT_TRUE(ready(1));
  EXPECT_NE(ask("env").find("provisioned-concurrency"), std::string::npos);
  EXPECT_NE(ask("pid"), before);
  open();
  service_->resume();
  ASSERT_TRUE(ready(1));
  ASSERT_TRUE(call("DeleteFunction", {{"FunctionName", "f"}}));
}

TEST_F(ServiceTest, ChecksTheResourcePolicyOfServices) {
  create("f");
  const auto ask = [&] {
    std::promise<Outcome> done;
    service_->invoke_async(
        {.function = "f",
         .qualifier = {},
         .payload = "{}",
         .principal = "apigateway.amazonaws.com",
         .source_arn = "arn:aws:execute-api:us-east-1:000000000000:api/dev/GET/x"},
        [&](Outcome outcome) { done.set_value(std::move(outcome)); });
    return done.get_future().get().kind;
  };
  EXPECT_EQ(ask(), Outcome::Kind::kDenied);
  ASSERT_TRUE(call("AddPermission", {{"FunctionName", "f"},
                                     {"StatementId", "s"},
                                     {"Action", "lambda:InvokeFunction"},
                                     {"Principal", "apigateway.amazonaws.com"},
                                     {"SourceArn", "arn:aws:execute-api:*:*:api/*/GET/*"}}));
  EXPECT_EQ(ask(), Outcome::Kind::kPayload);
}

TEST_F(ServiceTest, SurvivesARestart) {
  create("f", {{"Publish", true}});
  open();
  EXPECT_EQ(payload(invoke("f", "{}", {{"Qualifier", "1"}})), "{}");
  ASSERT_TRUE(call("DeleteFunction", {{"FunctionName", "f"}}));
  EXPECT_EQ(json::string_or(invoke("f", "{}"), "error"), "ResourceNotFoundException");
  open();  // nothing holds the code any more
  EXPECT_TRUE(fs::is_empty(directory_ / "data/lambda/code"));
}

TEST_F(ServiceTest, RefusesWhatItMust) {
  const auto refused = [&](json::Object more) {
    json::Object input{{"FunctionName", "g"},
                       {"Runtime", "provided"},
                       {"Handler", "x"},
                       {"Role", "arn:aws:iam::000000000000:role/r"},
                       {"Code", json::Object{{"ZipFile", archive()}}}};
    for (auto& [key, value] : more) input[key] = value;
    const auto result = call("CreateFunction", std::move(input));
    return result ? std::string() : result.error().code + ": " + result.error().message;
  };
  EXPECT_NE(refused({{"Runtime", "java21"}}).find("java21"), std::string::npos);
  EXPECT_NE(refused({{"Role", "arn:aws:iam::000000000000:role/absent"}}).find("cannot be assumed"),
            std::string::npos);
  EXPECT_NE(refused({{"Timeout", 901}}).find("less than or equal to 900"), std::string::npos);
  EXPECT_NE(refused({{"Layers", json::Array{"l"}}}).find("layers"), std::string::npos);
  create("g");
  EXPECT_EQ(refused({}), "ResourceConflictException: Function already exist: g");
}

TEST_F(ServiceTest, WarmInvocationsAreFast) {
  create("f", {{"MemorySize", 1769}});
  invoke("f", "{}");
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kCount = 300;
  for (int i = 0; i < kCount; ++i) invoke("f", "{}");
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  std::fprintf(stderr, "warm invocation: %.0f us\n", took.count() / kCount);
}

}  // namespace
}  // namespace dew::lambda
