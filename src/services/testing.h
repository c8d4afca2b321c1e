// TestCloud: what the unit tests of a service need of a cloud: a memory store, a clock that stands
// still, and a Caller that goes straight to the handlers in `registry`, without models or wire.
// Only for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

#include "services/context.h"
#include "store/memory/memory_store.h"

namespace dew::services {

class TestCloud : public aws::Caller {
 public:
  TestCloud() : TestCloud(store::make_memory_store()) {}
  explicit TestCloud(std::shared_ptr<store::Store> shared) : store(std::move(shared)) {}

  Context context() {
    return {config, clock, *store, *this, unused<net::Loops>(), unused<net::Workers>()};
  }

  aws::ApiResult<json::Value> call(const aws::Identity& who, std::string_view service,
                                   std::string_view operation, json::Object input) override {
    const auto* entry = registry.find(service, operation);
    if (entry == nullptr) {
      return aws::fail("UnknownOperation", fmt::format("{}:{}", service, operation));
    }
    aws::Call request{std::string(service), std::string(operation), config.region, "request", who,
                      std::move(input)};
    return entry->handler(request);
  }

  json::Object ok(std::string_view service, std::string_view operation, json::Object input) {
    auto result = call(identity, service, operation, std::move(input));
    EXPECT_TRUE(result.has_value())
        << operation << ": " << (result ? "" : result.error().code + ": " + result.error().message);
    return result ? result->as_object() : json::Object{};
  }
  // The error's code; empty when it succeeds.
  std::string error(std::string_view service, std::string_view operation, json::Object input) {
    const auto result = call(identity, service, operation, std::move(input));
    return result ? "" : result.error().code;
  }
  std::string message(std::string_view service, std::string_view operation, json::Object input) {
    const auto result = call(identity, service, operation, std::move(input));
    return result ? "" : result.error().message;
  }

  Config config;
  ManualClock clock{TimePoint(std::chrono::seconds(1'767'225'600))};
  std::shared_ptr<store::Store> store;
  aws::Registry registry;
  aws::Identity identity;

 private:
  // Threads, for services whose tests never use any.
  template <class T>
  static T& unused() {
    alignas(T) static std::byte storage[sizeof(T)];
    return reinterpret_cast<T&>(storage);
  }
};

}  // namespace dew::services
