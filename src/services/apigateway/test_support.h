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

class FakeLog final : public AccessLog {
 public:
  void append(std::string_view group, std::string_view, int64_t, std::string message) override {
    lines[std::string(group)].push_back(std::move(message));
  }
  std::map<std::string, std::vector<std::string>> lines;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() { restart(); }

  void restart() {
    service = std::make_unique<Service>(context, invoker, &log);
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
  void method(const std::string& path, const std::string& verb) {
    ok("PutMethod", {{"restApiId", api_id},
                     {"resourceId", resource(path)},
                     {"httpMethod", verb},
                     {"authorizationType", "NONE"}});
  }
  void proxy(const std::string& path, const std::string& verb,
             const std::string& function = "hello") {
    method(path, verb);
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
  FakeLog log;
  std::unique_ptr<Service> service;
  aws::Registry registry;
  std::string api_id;
  std::map<std::string, std::string> ids;
};

}  // namespace dew::apigateway
