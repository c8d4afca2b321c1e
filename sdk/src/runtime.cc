#include <cxxabi.h>
#include <dew/env.h>
#include <dew/runtime.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <typeinfo>
#include <vector>

#include "runtime_client.h"

namespace dew {
namespace {

using detail::RuntimeClient;

const Context* g_context = nullptr;
RuntimeClient* g_client = nullptr;  // for the signal handler

std::vector<std::move_only_function<void()>>& shutdown_hooks() {
  static std::vector<std::move_only_function<void()>> hooks;
  return hooks;
}

void on_sigterm(int) {
  if (g_client != nullptr) g_client->stop();
}

struct Failure {
  std::string type;
  std::string message;
};

std::string demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

// What was thrown, in a catch block. Nested exceptions add their messages.
Failure current_failure() {
  Failure failure{"UnknownException", "an exception that is not a std::exception"};
  try {
    throw;
  } catch (const std::exception& error) {
    failure = {demangled(typeid(error)), error.what()};
    try {
      std::rethrow_if_nested(error);
    } catch (...) {
      failure.message += ": " + current_failure().message;
    }
  } catch (...) {
    if (const std::type_info* type = abi::__cxa_current_exception_type())
      failure.type = demangled(*type);
  }
  return failure;
}

void complain(const std::string& text) {
  const std::string line = "dew: " + text + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

// X-Ray-aware libraries read the trace id from the environment. One buffer, changed in place:
// setenv would leak.
class TraceVariable {
 public:
  void set(std::string_view trace) {
    constexpr std::string_view kName = "_X_AMZN_TRACE_ID=";
    const size_t size = std::min(trace.size(), text_.size() - kName.size() - 1);
    std::memcpy(text_.data(), kName.data(), kName.size());
    std::memcpy(text_.data() + kName.size(), trace.data(), size);
    text_[kName.size() + size] = '\0';
    if (!installed_) ::putenv(text_.data());
    installed_ = true;
  }

 private:
  std::array<char, 1024> text_{};
  bool installed_ = false;
};
TraceVariable g_trace;

// Without a Runtime API: DEW_LOCAL_EVENT names a file with an event ("-" is standard input), and
// the answer is printed.
int run_locally(std::move_only_function<Handler()>& factory) {
  const auto source = env("DEW_LOCAL_EVENT");
  if (!source) {
    complain(
        "AWS_LAMBDA_RUNTIME_API is not set: this program is a Lambda function and is started by "
        "Lambda or by `dew`.\n"
        "To try one event by hand: DEW_LOCAL_EVENT=event.json " +
        std::string(program_invocation_short_name) +
        " (or DEW_LOCAL_EVENT=- to read standard input)");
    return 1;
  }
  std::ifstream file;
  if (*source != "-") file.open(*source, std::ios::binary);
  std::istream& in = *source == "-" ? std::cin : file;
  if (!in) {
    complain("cannot read " + *source);
    return 1;
  }
  const std::string event{std::istreambuf_iterator<char>(in), {}};
  Context context;
  context.request_id = "local";
  context.deadline_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count() +
                        30'000;
  context.cold_start = true;
  std::string out;
  try {
    Handler handler = factory();
    g_context = &context;
    handler(event, context, out);
  } catch (...) {
    const Failure failure = current_failure();
    complain(failure.type + ": " + failure.message);
    return 1;
  }
  std::cout << out << '\n';
  return 0;
}

// One invocation: the handler's answer or its failure, handed to the Runtime API.
Result<void> invoke(RuntimeClient& client, Handler& handler, std::string_view event,
                    const Context& context, std::string& out) {
  out.clear();
  g_context = &context;
  std::exception_ptr thrown;
  try {
    handler(event, context, out);
  } catch (...) {
    const Failure failure = current_failure();
    g_context = nullptr;
    return client.report_error(context.request_id, failure.type, failure.message);
  }
  g_context = nullptr;
  return client.respond(context.request_id, out);
}

int loop(RuntimeClient& client, Handler& handler) {
  Context context;
  context.cold_start = true;
  std::string out;
  std::string request_id;
  while (true) {
    auto event = client.next(context);
    if (!event) {
      if (event.error().code == "Stopped") return 0;
      complain(event.error().message);
      return 1;
    }
    request_id.assign(context.request_id);
    g_trace.set(context.trace_id);
    if (auto answered = invoke(client, handler, *event, context, out); !answered) {
      complain("request " + request_id + ": " + answered.error().message);
      if (answered.error().status == 0) return 1;  // the Runtime API is gone
    }
    context.cold_start = false;
    if (out.capacity() > (1UL << 20)) std::string().swap(out);
  }
}

}  // namespace

std::chrono::milliseconds Context::remaining() const {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return std::max(std::chrono::milliseconds{0}, std::chrono::milliseconds{deadline_ms} - now);
}

const Context* current_context() { return g_context; }

void on_shutdown(std::move_only_function<void()> hook) {
  shutdown_hooks().push_back(std::move(hook));
}

int run_factory(std::move_only_function<Handler()> factory) {
  const auto api = env("AWS_LAMBDA_RUNTIME_API");
  if (!api) return run_locally(factory);
  RuntimeClient client(*api, env("DEW_RUNTIME_PIPELINE") == "1");
  g_client = &client;
  struct sigaction action{};
  action.sa_handler = on_sigterm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  int status = 1;
  try {
    Handler handler = factory();
    status = loop(client, handler);
    for (auto& hook : shutdown_hooks()) hook();
  } catch (...) {
    const Failure failure = current_failure();
    complain("init: " + failure.type + ": " + failure.message);
    if (auto told = client.report_init_error(failure.type, failure.message); !told)
      complain(told.error().message);
  }
  g_client = nullptr;
  return status;
}

int run_handler(Handler handler) {
  return run_factory([handler = std::move(handler)]() mutable { return std::move(handler); });
}

}  // namespace dew
