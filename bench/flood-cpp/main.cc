// Three functions in one program: `hello` answers a request; `flood` prints lines of 100 bytes as
// fast as they are taken, or so many megabytes of them a second, `burn` computes as fast as it can,
// both for as many seconds as the event says. {"seconds": 5, "mb_s": 100} -> {"bytes": written}
#include <dew/router.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point end_of(std::string_view event) {
  const double seconds = dew::json::parse(event).at("seconds").to_number<double>();
  return Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

std::string flood(std::string_view event) {
  constexpr size_t kLineBytes = 100;
  constexpr size_t kLines = 640;
  std::string text;
  for (size_t i = 0; i < kLines; ++i) {
    const std::string number = std::to_string(i);
    text += "line " + number + std::string(kLineBytes - 6 - number.size(), 'x') + '\n';
  }
  const auto begin = Clock::now();
  const auto end = end_of(event);
  const auto document = dew::json::parse(event);
  const auto* rate = document.as_object().if_contains("mb_s");
  const double bytes_per_us = rate == nullptr ? 0 : rate->to_number<double>();
  size_t bytes = 0;
  while (Clock::now() < end) {
    if (rate != nullptr) {
      const auto due = static_cast<int64_t>(static_cast<double>(bytes) / bytes_per_us);
      std::this_thread::sleep_until(begin + std::chrono::microseconds(due));
    }
    // Whole lines only: what is left of a short write comes next.
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t n = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (n <= 0) throw std::runtime_error("standard output is closed");
      rest.remove_prefix(static_cast<size_t>(n));
      bytes += static_cast<size_t>(n);
    }
  }
  return R"({"bytes":)" + std::to_string(bytes) + "}";
}

std::string burn(std::string_view event) {
  const auto end = end_of(event);
  volatile unsigned turns = 0;
  while (Clock::now() < end) turns = turns + 1;
  return R"({"bytes":0})";
}

}  // namespace

int main() {
  const char* name = std::getenv("_HANDLER");
  if (name != nullptr && std::string_view(name) == "flood") return dew::run(flood);
  if (name != nullptr && std::string_view(name) == "burn") return dew::run(burn);
  dew::Router router;
  router.get("/hello",
             [](dew::Request&) { return dew::Response::json(200, {{"message", "hello"}}); });
  return dew::run(std::move(router));
}
