// dew exec: a throw-away cloud around one command.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cli/options.h"
#include "cli/process.h"
#include "cli/project.h"
#include "cli/running.h"
#include "cli/signals.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

// Removed with everything in it when it goes out of scope.
class TemporaryDirectory {
 public:
  static Result<std::unique_ptr<TemporaryDirectory>> make() {
    const char* base = std::getenv("TMPDIR");
    std::string path = fmt::format("{}/dew-exec-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(path.data()))
      return fail(ErrorKind::kIo,
                  fmt::format("cannot make a directory in {}", base && *base ? base : "/tmp"));
    return std::make_unique<TemporaryDirectory>(path);
  }
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Deployed {
  std::string stage;
  std::string url;  // empty: no API
};

Result<Deployed> deploy(const ExecOptions& options, ApiClient& api, const std::string& packages) {
  Deployed out;
  TRY(const auto service, load_project(options.common, &api, Seed::kYes));
  out.stage = service.stage;
  if (service.functions().empty() && !service.root.find("resources")) return out;
  DeployRequest request{service, packages};
  request.verbose = options.common.verbose;
  request.build_output_fd = 2;  // standard output is the command's alone
  TRY(const auto deployment, deploy_service(api, request));
  if (const std::string id = deployment.api_id(); !id.empty()) {
    TRY(out.url, open_http(api, id, service.api_stage(), 0));
  }
  return out;
}

Result<int> run_inside(const ExecOptions& options, RunningCloud& cloud,
                       const std::string& packages) {
  CommonOptions common = options.common;
  const std::string region = region_of(common);
  const std::string endpoint = local_endpoint(cloud.port());
  // The cloud is new: its own root credentials, whatever the environment holds for another.
  ApiClient api(endpoint, region, {"test", "test", ""});
  Environment environment{
      {"AWS_ENDPOINT_URL", endpoint},
      {"AWS_REGION", region},
      {"AWS_DEFAULT_REGION", region},
      {"AWS_ACCESS_KEY_ID", "test"},
      {"AWS_SECRET_ACCESS_KEY", "test"},
      {"AWS_SESSION_TOKEN", ""},
      {"AWS_EC2_METADATA_DISABLED", "true"},
      {"AWS_XRAY_DAEMON_ADDRESS", fmt::format("127.0.0.1:{}", cloud.xray_port())}};
  std::erase_if(environment, [](const auto& pair) {
    return pair.first == "AWS_SESSION_TOKEN" && !std::getenv("AWS_SESSION_TOKEN");
  });
  if (options.directory_given || has_config(common.directory)) {
    TRY(const auto deployed, deploy(options, api, packages));
    environment.emplace_back("DEW_STAGE", deployed.stage);
    if (!deployed.url.empty()) environment.emplace_back("DEW_API_URL", deployed.url);
  }
  RunOptions run;
  run.environment = std::move(environment);
  return run_program(options.command, run);
}

}  // namespace

int run_exec(const ExecOptions& options, const LaunchCloud& launch) {
  if (options.command.empty()) {
    print_error("no command: dew exec [DIR] -- COMMAND [ARGUMENT...]");
    return kUsage;
  }
  if (auto level = set_log_level(options.log_level); !level) {
    report(level.error());
    return kUsage;
  }
  auto temporary = TemporaryDirectory::make();
  if (!temporary) return report(temporary.error());
  const std::string data = options.data.empty() ? (*temporary)->path() + "/data" : options.data;
  if (auto made = prepare_data_directory(data); !made) return report(made.error());
  Signals signals;
  CloudOptions cloud_options;
  cloud_options.port = 0;
  cloud_options.http_port = 0;
  set_xray_port(cloud_options, options.xray_port);
  cloud_options.otlp_url = options.otlp;
  cloud_options.data_directory = data;
  cloud_options.iam = parse_iam(options.iam);
  cloud_options.region = region_of(options.common);
  cloud_options.fsync = !options.data.empty();
  if (options.auth == "strict") cloud_options.auth = Auth::kStrict;
  auto cloud = launch(cloud_options);
  if (!cloud) return report(cloud.error());
  if (!options.common.verbose) set_quiet(true);
  const auto status = run_inside(options, **cloud, (*temporary)->path() + "/package");
  (*cloud)->stop(kStopDeadline);
  if (!status) {
    report(status.error());
    return status.error().kind == ErrorKind::kNotFound ? 127 : kFailed;
  }
  return *status;
}

}  // namespace dew::cli
