// dew serve: the cloud alone.
#include <fmt/format.h>

#include "cli/options.h"
#include "cli/project.h"
#include "cli/running.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace dew::cli {

int run_serve(const ServeOptions& options, const LaunchCloud& launch) {
  if (auto level = set_log_level(options.log_level); !level) {
    report(level.error());
    return kUsage;
  }
  const std::string data = options.data.empty() ? default_state_directory() : options.data;
  if (auto made = prepare_data_directory(data); !made) return report(made.error());
  Signals signals;
  CloudOptions cloud_options;
  cloud_options.bind_address = options.host;
  cloud_options.port = options.port;
  cloud_options.http_port = static_cast<uint16_t>(options.http_port);
  set_xray_port(cloud_options, options.xray_port);
  cloud_options.otlp_url = options.otlp;
  cloud_options.data_directory = data;
  cloud_options.iam = parse_iam(options.iam);
  cloud_options.region = options.region;
  cloud_options.fsync = !options.no_fsync;
  cloud_options.alarm_webhook = options.alarm_webhook;
  cloud_options.emf_port = options.emf_port;
  cloud_options.metrics = !options.no_metrics;
  if (options.auth == "strict") cloud_options.auth = Auth::kStrict;
  auto cloud = launch(cloud_options);
  if (!cloud) return report(cloud.error());
  if (options.no_fsync)
    print_warning("--no-fsync: the last moments before a power loss may be lost");
  const bool any = options.host == "0.0.0.0" || options.host == "::";
  print_out(fmt::format("dew {} ready at http://{}:{} (data in {})", DEW_VERSION,
                        any || options.host == "127.0.0.1" ? "127.0.0.1" : options.host,
                        (*cloud)->port(), data));
  if (options.auth == "relaxed") {
    print_progress(
        "auth relaxed: unknown keys and unsigned requests act as the administrator (--auth strict "
        "refuses them)");
  }
  if (const auto moved = (*cloud)->clock_notice(); !moved.empty()) print_progress("clock " + moved);
  while (!signals.wait(std::chrono::hours(1))) {
  }
  (*cloud)->stop(kStopDeadline);
  return kDone;
}

}  // namespace dew::cli
