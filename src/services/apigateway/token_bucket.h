// TokenBucket: a rate and a burst, as API Gateway throttles.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
//
// Thread-safe, without a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace dew::apigateway {

struct Limits {
  double rate = 0;   // requests in a second
  double burst = 0;  // how many may come at once
  bool operator==(const Limits&) const = default;
};

// What an account may do in a region, at most, as GetAccount says.
inline constexpr Limits kAccountLimits{10'000, 5'000};

class TokenBucket {
 public:
  // Takes a token if there is one. A virtual schedule (GCRA): each request is due 1/rate after the
  // one before it, and may come as much earlier as the burst allows.
  bool take(const Limits& limits, int64_t now_us) {
    if (limits.burst < 1 || limits.rate <= 0) return false;
    constexpr double kSecond_us = 1e6;
    const auto interval = static_cast<int64_t>(kSecond_us / limits.rate);
    const auto slack = static_cast<int64_t>(kSecond_us / limits.rate * (limits.burst - 1));
    int64_t due = due_us_.load(std::memory_order_relaxed);
    while (true) {
      if (due - slack > now_us) return false;
      const int64_t next = std::max(due, now_us) + interval;
      if (due_us_.compare_exchange_weak(due, next, std::memory_order_relaxed)) return true;
    }
  }

 private:
  std::atomic<int64_t> due_us_ = 0;
};

}  // namespace dew::apigateway
