// Which of an alias's two versions an invocation runs.
// docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html: by chance, each invocation
// for itself.
#pragma once

#include <cstdint>
#include <random>

namespace dew::lambda {

// A sequence of chances. Not thread-safe: the invocation path has one per thread.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}

  // True in `share` of the calls, 0 to 1.
  bool hit(double share) { return std::uniform_real_distribution<double>(0, 1)(random_) < share; }

 private:
  std::mt19937_64 random_;
};

inline Draw& thread_draw() {
  thread_local Draw draw([] {
    std::random_device device;
    return (uint64_t{device()} << 32) ^ device();
  }());
  return draw;
}

}  // namespace dew::lambda
