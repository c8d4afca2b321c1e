// What it costs to find the secret behind a user's access key, as every signed request does: one
// line "NAME VALUE" for each figure.
//   find_key_ns            one look-up, one thread
//   find_key_4_threads_ns  one look-up, four threads at once
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/movable_clock.h"
#include "services/iam/service.h"
#include "store/memory/memory_store.h"

namespace {

namespace aws = dew::aws;
namespace json = dew::json;

struct NoCaller final : aws::Caller {
  aws::ApiResult<json::Value> call(const aws::Identity&, std::string_view, std::string_view,
                                   json::Object) override {
    return aws::fail("Unexpected", "nobody is called here");
  }
};

json::Object call(const aws::Registry& registry, const char* operation, json::Object input) {
  aws::Call call{"iam", operation, "us-east-1", "request", {}, std::move(input)};
  auto out = registry.find("iam", operation)->handler(call);
  if (!out) std::abort();
  return out->as_object();
}

// Nanoseconds of one look-up, the best of five runs.
double measure(const dew::iam::Service& iam, const std::string& key, int threads) {
  constexpr int kTurns = 2'000'000;
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) {
      all.emplace_back([&] {
        for (int turn = 0; turn < kTurns; ++turn) {
          const auto found = iam.find_access_key(key);
          if (!found || found->secret.empty()) std::abort();
        }
      });
    }
    for (auto& thread : all) thread.join();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kTurns);
  }
  return best;
}

}  // namespace

int main() {
  const dew::services::Config config;
  dew::MovableClock clock;
  const auto store = dew::store::make_memory_store();
  NoCaller caller;
  dew::net::Loops loops{1};
  dew::net::Workers workers{1};
  const dew::services::Context context{config, clock, *store, caller, loops, workers};
  dew::iam::Service iam(context);
  aws::Registry registry;
  iam.register_operations(registry);
  std::string key;
  for (int i = 0; i < 100; ++i) {
    const auto name = "user" + std::to_string(i);
    call(registry, "CreateUser", {{"UserName", name}});
    const auto made = call(registry, "CreateAccessKey", {{"UserName", name}});
    key = json::string_or(made.at("AccessKey").as_object(), "AccessKeyId");
  }
  std::printf("find_key_ns %.1f\n", measure(iam, key, 1));
  std::printf("find_key_4_threads_ns %.1f\n", measure(iam, key, 4));
  return 0;
}
