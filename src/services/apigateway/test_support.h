// What the tests of this folder share: a service over a memory store with a fake function behind
// it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "services/apigateway/service.h"
#include "store/memory/memory_store.h"

namespace dew::apigateway {

class NoCaller final : public aws::Caller {
 public:
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object) override {
    return aws::fail("InternalFailure", "not expected", 500);
  }
};

// Answers at once with whatever the test has put in `answer`, or never.
class FakeInvoker final : public FunctionInvoker {
 public:
  void invoke(FunctionRequest request,
              std::move_only_function<void(FunctionResponse)> done) override {
    requests.push_back(std::move(request));
    if (silent) {
      pending.push_back(std::move(done));
    } else {
      done(answer);
    }
  }
  json::Object event() const { return json::parse(requests.back().payload).value().as_object(); }

  bool silent = false;
  FunctionResponse answer{FunctionResponse::Kind::kPayload, R"({"statusCode":200,"body":"ok"})",
                          ""};
  std::vector<FunctionRequest> requests;
  std::vector<std::move_only_function<void(FunctionResponse)>> pending;
};

// Knows the callers by their Authorization header; their policies are the test's.
class FakeAuthority final : public InvokeAuthority {
 public:
  struct NoKeys final : policy::Context {
    bool get(std::string_view, policy::Values&) const override { return false; }
  };

  aws::ApiResult<aws::Identity> identify(const http::Request& request) override {
    const auto user = request.headers.get("authorization");
    if (user.empty())
      return aws::fail("MissingAuthenticationTokenException",
                       "Request is missing Authentication Token", 403);
    if (user == "wrong")
      return aws::fail("InvalidSignatureException", "The request signature …", 403);
    aws::Identity out;
    out.arn = "arn:aws:iam::000000000000:user/" + std::string(user);
    out.user_id = "AIDA" + std::string(user);
    out.access_key = "AKIA" + std::string(user);
    return out;
  }
  policy::Decision decide(const Question& question) override {
    ++asked;
    const auto who = principal(question);
    std::vector<policy::PolicyPtr> identity;
    if (!identity_policy.empty())
      identity.push_back(*policy::Policy::parse(identity_policy, policy::Kind::kIdentity));
    policy::Policies policies;
    policies.identity = identity;
    policies.resource = question.api_policy;
    return policy::evaluate({who, kInvokeAction, question.resource, context}, policies,
                            "000000000000");
  }
  policy::Decision decide(const Question& question, const policy::Policy* returned) override {
    using enum policy::Decision::Outcome;
    const auto who = principal(question);
    const policy::Request request{who, kInvokeAction, question.resource, context};
    const auto of_api =
        question.api_policy ? question.api_policy->evaluate(request) : policy::Opinion{};
    if (of_api.denies) return {kExplicitDeny, policy::Source::kResource};
    if (!returned) return {kAllowed, policy::Source::kNone};
    const auto opinion = returned->evaluate(request);
    if (opinion.denies) return {kExplicitDeny, policy::Source::kIdentity};
    const bool allowed =
        opinion.allows != policy::Grant::kNone || of_api.allows != policy::Grant::kNone;
    return {allowed ? kAllowed : kImplicitDeny, policy::Source::kIdentity};
  }

  std::string identity_policy;
  int asked = 0;

 private:
  static policy::Principal principal(const Question& question) {
    using Kind = policy::Principal::Kind;
    return {.kind = question.caller.anonymous ? Kind::kAnonymous : Kind::kUser,
            .account = question.caller.account,
            .arn = question.caller.arn,
            .role_arn = {}};
  }
  NoKeys context;
};

class FakeLog final : public AccessLog {
 public:
  void append(std::string_view group, std::string_view, int64_t, std::string message) override {
    lines[std::string(group)].push_back(std::move(message));
  }
  std::map<std::string, std::vector<std::string>> lines;
};

class FakeTraces final : public TraceSink {
 public:
  bool sample(const SamplingQuestion& question) override {
    asked.push_back(std::string(question.service_name) + " " + std::string(question.url_path));
    return answer;
  }
  void record(const RequestTrace& trace) override { records.push_back(trace); }

  bool answer = true;
  std::vector<std::string> asked;
  std::vector<RequestTrace> records;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() { restart(); }

  void restart() {
    service = std::make_unique<Service>(context, invoker, authority, &log, &traces);
    registry = aws::Registry();
    service->register_operations(registry);
  }

  aws::ApiResult<json::Value> call(const std::string& operation, json::Object input) {
    const auto* entry = registry.find("apigateway", operation);
    if (!entry) return aws::fail("UnknownOperation", operation);
    aws::Call request;
    request.service = "apigateway";
    request.operation = operation;
    request.input = std::move(input);
    return entry->handler(request);
  }
  json::Object ok(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    if (!answer) {
      ADD_FAILURE() << operation << ": " << answer.error().code << ": " << answer.error().message;
      return {};
    }
    return answer->as_object();
  }
  std::string error(const std::string& operation, json::Object input) {
    auto answer = call(operation, std::move(input));
    return answer ? "none" : answer.error().code + ": " + answer.error().message;
  }

  // An API of one root resource.
  void make_api(json::Object options = {}) {
    options["name"] = "test";
    const auto api = ok("CreateRestApi", std::move(options));
    api_id = json::string_or(api, "id");
    ids["/"] = json::string_or(api, "rootResourceId");
  }
  std::string resource(const std::string& path) {
    if (const auto found = ids.find(path); found != ids.end()) return found->second;
    const size_t slash = path.rfind('/');
    const auto parent = resource(slash == 0 ? "/" : path.substr(0, slash));
    const auto made =
        ok("CreateResource",
           {{"restApiId", api_id}, {"parentId", parent}, {"pathPart", path.substr(slash + 1)}});
    return ids[path] = json::string_or(made, "id");
  }
  static std::string uri(const std::string& function) {
    return "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
           "arn:aws:lambda:us-east-1:000000000000:function:" +
           function + "/invocations";
  }
  void method(const std::string& path, const std::string& verb, json::Object options = {}) {
    options["restApiId"] = api_id;
    options["resourceId"] = resource(path);
    options["httpMethod"] = verb;
    if (!options.contains("authorizationType")) options["authorizationType"] = "NONE";
    ok("PutMethod", std::move(options));
  }
  void proxy(const std::string& path, const std::string& verb,
             const std::string& function = "hello", json::Object options = {}) {
    method(path, verb, std::move(options));
    ok("PutIntegration", {{"restApiId", api_id},
                          {"resourceId", resource(path)},
                          {"httpMethod", verb},
                          {"type", "AWS_PROXY"},
                          {"integrationHttpMethod", "POST"},
                          {"uri", uri(function)}});
  }
  void deploy(const std::string& stage = "dev", json::Object options = {}) {
    options["restApiId"] = api_id;
    options["stageName"] = stage;
    ok("CreateDeployment", std::move(options));
  }

  http::Request request(std::string verb, std::string target, http::Headers headers = {},
                        std::string body = "") {
    http::Request out;
    out.method = std::move(verb);
    out.target = std::move(target);
    out.headers = std::move(headers);
    if (!out.headers.has("host")) out.headers.add("Host", api_id + ".execute-api.localhost:4566");
    out.body = std::move(body);
    out.remote_address = "127.0.0.1";
    out.local_port = 4566;
    return out;
  }
  // Waits for the answer, which may come from another thread.
  http::Response send(http::Request one) {
    auto address = data_plane_address(one);
    if (!address) {
      ADD_FAILURE() << "not a data plane address: " << one.target;
      return {};
    }
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<http::Response> out;
    service->handle(std::move(one), http::Responder([&](http::Response response) {
                      const std::scoped_lock lock(mutex);
                      out = std::move(response);
                      arrived.notify_all();
                    }),
                    std::move(*address));
    std::unique_lock lock(mutex);
    arrived.wait_for(lock, std::chrono::seconds(20), [&] { return out.has_value(); });
    return out.value_or(http::Response());
  }
  http::Response get(const std::string& target) { return send(request("GET", target)); }

  services::Config config;
  ManualClock clock{TimePoint(std::chrono::microseconds(1583798639428000))};
  std::unique_ptr<store::Store> store = store::make_memory_store();
  NoCaller caller;
  net::Loops loops{1};
  net::Workers workers{1};
  services::Context context{config, clock, *store, caller, loops, workers};
  FakeInvoker invoker;
  FakeAuthority authority;
  FakeLog log;
  FakeTraces traces;
  std::unique_ptr<Service> service;
  aws::Registry registry;
  std::string api_id;
  std::map<std::string, std::string> ids;
};

}  // namespace dew::apigateway
