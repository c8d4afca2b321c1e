#include "services/lambda/report.h"

#include <signal.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>

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

// These lines are written for every invocation: not by a formatter, which costs more than they do.
constexpr size_t kLineBytes = 128;

void append_integer(std::string& out, int64_t value) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

// With two decimals: 3.10
void append_hundredths(std::string& out, double value) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                          std::chars_format::fixed, 2);
  if (error == std::errc()) {
    out.append(digits.data(), end);
  } else {  // longer than any duration is
    out += fmt::format("{:.2f}", value);
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
  std::string out;
  out.reserve(kLineBytes);
  out.append("START RequestId: ").append(request_id).append(" Version: ").append(version) += '\n';
  return out;
}

std::string end_line(std::string_view request_id) {
  std::string out;
  out.reserve(kLineBytes);
  out.append("END RequestId: ").append(request_id) += '\n';
  return out;
}

int64_t billed_ms(const Report& r) {
  return static_cast<int64_t>(std::ceil(r.duration_ms + r.init_ms.value_or(0)));
}

std::string report_line(const Report& r) {
  std::string out;
  out.reserve(2 * kLineBytes);
  out.append("REPORT RequestId: ").append(r.request_id).append("\tDuration: ");
  append_hundredths(out, r.duration_ms);
  out.append(" ms\tBilled Duration: ");
  append_integer(out, billed_ms(r));
  out.append(" ms\tMemory Size: ");
  append_integer(out, r.memory_mb);
  out.append(" MB\tMax Memory Used: ");
  append_integer(out, r.peak_mb);
  out.append(" MB\t");
  if (r.init_ms) {
    append_hundredths(out.append("Init Duration: "), *r.init_ms);
    out.append(" ms\t");
  }
  if (!r.status.empty()) {
    out.append("Status: ").append(r.status) += '\t';
    if (!r.error_type.empty()) out.append("Error Type: ").append(r.error_type) += '\t';
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
