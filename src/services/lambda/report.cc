#include "services/lambda/report.h"

#include <signal.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <iterator>

#include "base/ids.h"
#include "json/json.h"

namespace dew::lambda {
namespace {

// As Go's os package prints them, in which AWS's supervisor is written.
std::string_view signal_name(int number) {
  switch (number) {
    case SIGHUP:
      return "hangup";
    case SIGINT:
      return "interrupt";
    case SIGQUIT:
      return "quit";
    case SIGILL:
      return "illegal instruction";
    case SIGTRAP:
      return "trace/breakpoint trap";
    case SIGABRT:
      return "aborted";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "floating point exception";
    case SIGKILL:
      return "killed";
    case SIGSEGV:
      return "segmentation fault";
    case SIGPIPE:
      return "broken pipe";
    case SIGALRM:
      return "alarm clock";
    case SIGTERM:
      return "terminated";
    case SIGSYS:
      return "bad system call";
    default:
      return {};
  }
}

std::string exec_error_text(int error) {
  switch (error) {
    case ENOENT:
      return "no such file or directory";
    case EACCES:
      return "permission denied";
    case ENOEXEC:
      return "exec format error";
    default:
      return ::strerror(error);  // NOLINT(concurrency-mt-unsafe): known numbers only
  }
}

}  // namespace

std::string start_line(std::string_view request_id, std::string_view version) {
  return fmt::format("START RequestId: {} Version: {}\n", request_id, version);
}

std::string end_line(std::string_view request_id) {
  return fmt::format("END RequestId: {}\n", request_id);
}

int64_t billed_ms(const Report& r) {
  return static_cast<int64_t>(std::ceil(r.duration_ms + r.init_ms.value_or(0)));
}

std::string report_line(const Report& r) {
  std::string out;
  out.reserve(256);
  fmt::format_to(
      std::back_inserter(out),
      "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} "
      "MB\tMax Memory Used: {} MB\t",
      r.request_id, r.duration_ms, billed_ms(r), r.memory_mb, r.peak_mb);
  if (r.init_ms) fmt::format_to(std::back_inserter(out), "Init Duration: {:.2f} ms\t", *r.init_ms);
  if (!r.status.empty()) {
    fmt::format_to(std::back_inserter(out), "Status: {}\t", r.status);
    if (!r.error_type.empty()) {
      fmt::format_to(std::back_inserter(out), "Error Type: {}\t", r.error_type);
    }
  }
  out += '\n';
  return out;
}

std::string init_report_line(double init_ms, std::string_view phase, std::string_view status,
                             std::string_view error_type) {
  std::string out = fmt::format("INIT_REPORT Init Duration: {:.2f} ms\tPhase: {}\tStatus: {}",
                                init_ms, phase, status);
  if (!error_type.empty()) out += fmt::format("\tError Type: {}", error_type);
  out += '\n';
  return out;
}

std::string timeout_line(TimePoint now, std::string_view request_id, int timeout_seconds) {
  return fmt::format("{} {} Task timed out after {}.00 seconds\n\n", iso8601_ms(now), request_id,
                     timeout_seconds);
}

std::string platform_error(std::string_view request_id, std::string_view type,
                           std::string_view message) {
  return json::dump(
      json::Object{{"errorType", type},
                   {"errorMessage", fmt::format("RequestId: {} Error: {}", request_id, message)}});
}

Failure exit_failure(const sandbox::Exit& exit, std::string_view program) {
  switch (exit.kind) {
    case sandbox::Exit::Kind::kExecFailed:
      return {"Runtime.InvalidEntrypoint",
              fmt::format("fork/exec {}: {}", program, exec_error_text(exit.value)),
              {}};
    case sandbox::Exit::Kind::kSignaled: {
      const auto name = signal_name(exit.value);
      return {exit.out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError",
              name.empty() ? fmt::format("Runtime exited with error: signal {}", exit.value)
                           : fmt::format("Runtime exited with error: signal: {}", name),
              {}};
    }
    case sandbox::Exit::Kind::kExited:
      break;
  }
  if (exit.value == 0)
    return {"Runtime.ExitError", "Runtime exited without providing a reason", {}};
  return {"Runtime.ExitError",
          fmt::format("Runtime exited with error: exit status {}", exit.value),
          {}};
}

std::string log_stream_name(TimePoint now, std::string_view function, std::string_view version) {
  const std::string day = iso8601(now).substr(0, 10);
  return fmt::format("{}/{}/{}/{}[{}]{}", day.substr(0, 4), day.substr(5, 2), day.substr(8, 2),
                     function, version, random_hex(32));
}

std::string new_trace_header(TimePoint now) {
  const std::string random = random_hex(40);
  const std::string_view digits = random;
  return fmt::format(
      "Root=1-{:08x}-{};Parent={};Sampled=0",
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count(),
      digits.substr(0, 24), digits.substr(24));
}

}  // namespace dew::lambda
