// dew logs: a function's log group, once or followed.
#include <fmt/format.h>

#include "cli/log_follower.h"
#include "cli/log_renderer.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

// A pattern is wrong in ways that the shell had a hand in: what arrived is worth showing.
int report_call(const CallError& error, const LogsOptions& options) {
  auto shown = error.to_error();
  if (error.code == "InvalidParameterException" && !options.filter.empty())
    shown.message += fmt::format(
        ". The pattern was: {}\n`dew logs --help` has examples; quote a pattern for the shell",
        options.filter);
  return report(shown);
}

}  // namespace

int run_logs(const LogsOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error());
  const serverless::Node* functions = service->root.find("functions");
  if (!functions || !functions->find(options.function)) {
    return report({ErrorKind::kNotFound,
                   fmt::format("{} has no function {}", service->file, options.function)});
  }
  // As in the framework: what is followed starts 10 seconds ago, what is shown once 10 minutes ago.
  const int64_t now_ms = SystemClock().now_ms();
  int64_t from_ms = now_ms - (options.tail ? 10'000 : 600'000);
  if (!options.start_time.empty()) {
    const auto parsed = parse_start_time(options.start_time, now_ms);
    if (!parsed) {
      report(parsed.error());
      return kUsage;
    }
    from_ms = *parsed;
  }
  LogFollower follower(api, {{service->log_group(options.function)}, from_ms, options.filter});
  LogRenderer renderer;
  Signals signals;
  do {
    do {
      const auto events = follower.poll();
      if (!events) return report_call(events.error(), options);
      for (const auto& event : *events)
        print_out(options.common.json ? renderer.json_line(event) : renderer.line(event, ""));
    } while (follower.more() && !Signals::stopping());
  } while (options.tail && !signals.wait(std::chrono::milliseconds(options.interval_ms)));
  return kDone;
}

}  // namespace dew::cli
