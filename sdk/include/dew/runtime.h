// The Lambda runtime: asks the Runtime API for one event after another and answers with what the
// handler returns.
//
//   int main() {
//     return dew::run([](std::string_view event) { return std::string(R"({"hello":"world"})"); });
//   }
//
// A handler takes (event), (event, context) or (event, context, out), where event is JSON text, and
// returns or fills JSON text. A callable without parameters is a factory: it makes the handler, and
// what it throws is reported as an init error. What a handler throws is reported as a function
// error with the exception's type and message; the next event is served.
//
// The loop is the hot path of a warm invocation: one keep-alive connection, one write per answer,
// the event is a view into the read buffer, nothing is allocated per invocation. With
// DEW_RUNTIME_PIPELINE=1 (set by Dewpoint, not by AWS) the answer and the next request share one
// write. SIGTERM ends the loop between invocations, with status 0.
//
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Thread safety: one loop
// per process.
#pragma once

#include <dew/json.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dew {

// What the Runtime API tells about one invocation. The views live until the handler returns.
struct Context {
  std::string_view request_id;
  std::string_view function_arn;
  std::string_view trace_id;          // X-Ray trace header
  std::string_view client_context;    // JSON, of mobile SDKs
  std::string_view cognito_identity;  // JSON
  int64_t deadline_ms = 0;            // milliseconds since the epoch
  bool cold_start = false;            // the first invocation of this environment

  [[nodiscard]] std::chrono::milliseconds remaining() const;  // until the deadline, at least 0
};

// The invocation being handled; null between invocations.
const Context* current_context();

using Handler =
    std::move_only_function<void(std::string_view event, const Context& context, std::string& out)>;

// Runs the loop until the environment ends; the process's exit status.
int run_handler(Handler handler);
// The same with a factory that makes the handler.
int run_factory(std::move_only_function<Handler()> factory);

// Called once when SIGTERM ended the loop: flush and close what needs it.
void on_shutdown(std::move_only_function<void()> hook);

template <class F>
Handler make_handler(F f) {
  if constexpr (std::invocable<F&, std::string_view, const Context&, std::string&>) {
    return Handler(std::move(f));
  } else {
    return [f = std::move(f)](std::string_view event, const Context& context,
                              std::string& out) mutable {
      auto answer = [&] {
        if constexpr (std::invocable<F&, std::string_view, const Context&>) {
          return f(event, context);
        } else {
          return f(event);
        }
      }();
      if constexpr (std::same_as<decltype(answer), json::value> ||
                    std::same_as<decltype(answer), json::object>) {
        out = json::serialize(answer);
      } else {
        out = std::move(answer);
      }
    };
  }
}

template <class F>
int run(F f) {
  if constexpr (std::invocable<F&>) {
    return run_factory([f = std::move(f)]() mutable { return make_handler(f()); });
  } else {
    return run_handler(make_handler(std::move(f)));
  }
}

}  // namespace dew
