// dew up: the cloud, the service in it, its logs, and a redeployment at every change.
#include <fmt/format.h>
#include <poll.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "cli/deployer.h"
#include "cli/log_follower.h"
#include "cli/log_renderer.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/routes.h"
#include "cli/running.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/watcher.h"

namespace dew::cli {

namespace {

constexpr std::chrono::milliseconds kLogInterval{200};
// Lines of one function in one interval: under load nobody reads them all, and following them would
// take the cores away from the functions.
constexpr int kLinesPerInterval = 500;
// After the last change, before a redeployment begins.
constexpr std::chrono::milliseconds kQuiet{50};

// The cloud is ours: its own root credentials, whatever the environment holds for another.
Credentials own_credentials() { return {"test", "test", ""}; }

// Polls the functions' logs on a thread of its own and prints them.
class LogPrinter {
 public:
  LogPrinter(std::string endpoint, std::string region)
      : api_(std::move(endpoint), std::move(region), own_credentials()) {}

  // Goes on as before where the functions are the same.
  void follow(const serverless::Service& service) {
    std::map<std::string, std::string> names;
    std::vector<std::string> groups;
    for (const auto& [key, function] : service.functions()) {
      const std::string group = service.log_group(key);
      // A group that several functions write to stands for all of them.
      if (const auto [it, fresh] = names.emplace(group, key); fresh) {
        groups.push_back(group);
      } else {
        it->second = group;
      }
    }
    if (thread_.joinable() && names == names_) return;
    stop();
    names_ = std::move(names);
    const int64_t from = SystemClock().now_ms();
    thread_ = std::jthread(
        [this, groups, from](const std::stop_token& stop) { run(stop, groups, from); });
  }
  void stop() { thread_ = {}; }

 private:
  void run(const std::stop_token& stop, const std::vector<std::string>& groups, int64_t from) {
    LogFollower follower(api_, {groups, from, "", kLinesPerInterval, 1});
    LogRenderer renderer;
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    do {
      const auto events = follower.poll();
      if (!events) continue;
      for (const auto& event : *events)
        print_out(renderer.line(event, names_.size() > 1 ? names_[event.group] : ""));
      if (!follower.more()) continue;
      print_progress("More lines than can be shown: `dew logs -f FUNCTION` has all of them");
      follower.skip_to(SystemClock().now_ms());
    } while (!wake.wait_for(lock, stop, kLogInterval, [&] { return stop.stop_requested(); }));
  }

  ApiClient api_;
  std::map<std::string, std::string> names_;
  std::jthread thread_;
};

class Up {
 public:
  Up(const UpOptions& options, RunningCloud& cloud, uint16_t http_port)
      : options_(options),
        http_port_(http_port),
        endpoint_(local_endpoint(cloud.port())),
        region_(region_of(options.common)),
        api_(endpoint_, region_, own_credentials()),
        logs_(endpoint_, region_) {}

  Result<void> run(const Signals& signals) {
    TRY(watcher_, Watcher::start(options_.common.directory));
    auto first = deploy();
    if (Signals::stopping()) return {};
    if (!first) {
      // Nothing runs yet. With files to watch, a corrected one may still start it.
      if (options_.no_watch) return std::unexpected(first.error());
      print_error(first.error().message);
      print_progress("Waiting for a change to try again (Ctrl-C stops)");
    }
    while (!Signals::stopping()) wait(signals);
    logs_.stop();
    return {};
  }

 private:
  Result<void> deploy() {
    const auto started = std::chrono::steady_clock::now();
    TRY(auto service, load_project(options_.common, &api_, Seed::kYes));
    if (watcher_) {
      for (const auto& file : service.files) watcher_->add_file(file);
    }
    CHECK_OK(run_build(service, -1));
    note_build_outputs();
    DeployRequest request{service, service.directory + "/.serverless"};
    request.build = false;
    request.verbose = options_.common.verbose;
    TRY(const auto deployment, deploy_service(api_, request));
    const std::string id = deployment.api_id();
    std::string url;
    if (!id.empty()) {
      TRY(url, open_http(api_, id, service.api_stage(), http_port_));
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (!running_) {
      banner(service, url, seconds, deployment.changed);
    } else {
      print_progress(fmt::format(
          "{} in {}",
          deployment.changed ? styled(Style::kGreen, "Redeployed") : "Nothing to redeploy",
          seconds_text(seconds)));
    }
    running_ = true;
    if (!options_.no_logs) logs_.follow(service);
    return {};
  }

  // What a build writes into the directory is no change of the user's. Which files those are is
  // learnt: what changed during the first build, and what changes during two builds in a row. What
  // else changed meanwhile was edited, and is deployed next.
  void note_build_outputs() {
    std::set<std::string> edited;
    for (auto& path : watcher_->changes(std::chrono::milliseconds(0))) {
      if (!built_ || edited_.contains(path)) outputs_.insert(path);
      if (!outputs_.contains(path)) edited.insert(std::move(path));
    }
    built_ = true;
    edited_ = std::move(edited);
  }

  // /_dew/info as rows: what is enforced here, and how functions are kept apart.
  void info_rows() {
    const auto info = api_.admin("GET", "/_dew/info");
    if (!info) return;
    for (const auto* key : {"auth", "iam", "clock", "isolation"}) {
      const json::Value* value = json::find(*info, key);
      if (!value) continue;
      std::string_view label = key;  // on the first row only
      const json::Array rows = value->is_array() ? value->get_array() : json::Array{*value};
      for (const auto& row : rows) {
        print_progress(
            fmt::format("  {:<12} {}", label, row.is_string() ? json::str(row) : json::dump(row)));
        label = "";
      }
    }
  }

  void banner(const serverless::Service& service, const std::string& url, double seconds,
              bool changed) {
    print_progress("");
    print_progress(fmt::format("{} {} is {} ({}, stage {})", styled(Style::kGreen, "*"),
                               styled(Style::kBold, service.name),
                               changed ? "deployed" : "running, unchanged since last time",
                               seconds_text(seconds), service.stage));
    print_progress("");
    if (!url.empty()) print_progress(fmt::format("  {:<12} {}", "API", styled(Style::kBold, url)));
    for (const auto& route : routes_of(service)) {
      print_progress(fmt::format("  {:<12} {:<7} {}{}  {}", "", route.method, url, route.path,
                                 styled(Style::kDim, route.function)));
    }
    for (const auto& [key, function] : service.functions()) {
      print_progress(fmt::format("  {:<12} {}", "function", service.function_name(key)));
    }
    print_progress(
        fmt::format("  {:<12} {}  (export AWS_ENDPOINT_URL={})", "AWS APIs", endpoint_, endpoint_));
    info_rows();
    print_progress("");
    print_progress(styled(
        Style::kDim, options_.no_watch ? "Ctrl-C stops." : "Watching for changes; Ctrl-C stops."));
    print_progress("");
  }

  void wait(const Signals& signals) {
    pollfd watched[2] = {{signals.fd(), POLLIN, 0}, {watcher_->fd(), POLLIN, 0}};
    if (edited_.empty()) {
      if (poll(watched, options_.no_watch ? 1 : 2, -1) < 0 || Signals::stopping()) return;
    }
    auto changes = watcher_->changes(kQuiet);
    changes.insert(changes.end(), edited_.begin(), edited_.end());
    if (changes.empty()) return;
    std::string names;
    const std::string root = std::filesystem::canonical(options_.common.directory).string() + "/";
    for (size_t i = 0; i < changes.size() && i < 3; ++i) {
      names += (names.empty() ? "" : ", ") +
               (changes[i].starts_with(root) ? changes[i].substr(root.size()) : changes[i]);
    }
    if (changes.size() > 3) names += fmt::format(" and {} more", changes.size() - 3);
    print_progress(fmt::format("{} {} changed", styled(Style::kYellow, "~"), names));
    const auto outcome = deploy();
    if (!outcome && !Signals::stopping()) {
      print_error(outcome.error().message);
      print_progress(running_ ? "The version before goes on serving."
                              : "Waiting for a change to try again (Ctrl-C stops)");
    }
  }

  const UpOptions& options_;
  const uint16_t http_port_;
  const std::string endpoint_;
  const std::string region_;
  ApiClient api_;
  LogPrinter logs_;
  std::unique_ptr<Watcher> watcher_;
  std::set<std::string> outputs_;  // files that builds write
  std::set<std::string> edited_;   // files that changed during the last build and may be edits
  bool built_ = false;
  bool running_ = false;
};

}  // namespace

int run_up(const UpOptions& options, const LaunchCloud& launch) {
  if (auto level = set_log_level(options.log_level); !level) {
    report(level.error());
    return kUsage;
  }
  if (auto config = serverless::find_config(options.common.directory); !config)
    return report(config.error());
  std::error_code error;
  const std::string directory =
      std::filesystem::canonical(options.common.directory, error).string();
  const std::string data = options.data.empty() ? directory + "/.dew" : options.data;
  if (auto made = prepare_data_directory(data); !made) return report(made.error());
  int http_port = options.http_port >= 0 ? options.http_port : http_port_of(options.common);
  if (http_port < 0) http_port = 3000;
  Signals signals;
  CloudOptions cloud_options;
  cloud_options.bind_address = options.host;
  cloud_options.port = options.port;
  cloud_options.http_port = static_cast<uint16_t>(http_port);
  set_xray_port(cloud_options, options.xray_port);
  cloud_options.otlp_url = options.otlp;
  cloud_options.data_directory = data;
  cloud_options.iam = parse_iam(options.iam);
  cloud_options.region = region_of(options.common);
  cloud_options.fsync = !options.no_fsync;
  cloud_options.alarm_webhook = options.alarm_webhook;
  cloud_options.emf_port = options.emf_port;
  cloud_options.metrics = !options.no_metrics;
  if (options.auth == "strict") cloud_options.auth = Auth::kStrict;
  auto cloud = launch(cloud_options);
  if (!cloud) return report(cloud.error());
  if (options.no_fsync)
    print_warning("--no-fsync: the last moments before a power loss may be lost");
  Result<void> outcome;
  {
    Up up(options, **cloud, static_cast<uint16_t>(http_port));
    outcome = up.run(signals);
  }
  if (Signals::stopping()) print_progress("Stopping");
  (*cloud)->stop(kStopDeadline);
  if (!outcome) return report(outcome.error());
  return kDone;
}

}  // namespace dew::cli
