// What the command line says, per command. Filled by command_line.cc (the one place that knows the
// option library), read by the command's own file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/launcher.h"

namespace dew::cli {

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2 };

struct CommonOptions {
  std::string directory = ".";
  std::string stage;  // empty: the service's own
  std::string region;
  std::string endpoint;  // empty: AWS_ENDPOINT_URL, else http://127.0.0.1:4566
  bool aws = false;      // AWS itself instead
  std::string profile;   // of ~/.aws; empty: AWS_PROFILE
  std::vector<std::string> params;
  bool ignore_plugins = false;  // warn of plugins that are not built in, instead of refusing them
  bool verbose = false;
  bool json = false;
};

struct UpOptions {
  CommonOptions common;
  std::string host = "127.0.0.1";
  std::string auth = "relaxed";
  uint16_t port = 4566;
  int http_port = -1;  // -1: the service's, else 3000
  int xray_port = -1;  // -1: 2000, or another if that is taken
  std::string otlp;    // empty: traces are sent nowhere
  std::string data;    // empty: DIR/.dew
  bool no_fsync = false;
  bool no_watch = false;
  bool no_logs = false;
  std::string alarm_webhook;
  int emf_port = -1;  // none
  bool no_metrics = false;
  std::string iam = "enforce";
  std::string log_level = "warn";
};

struct ServeOptions {
  std::string host = "127.0.0.1";
  std::string auth = "relaxed";
  std::string region = "us-east-1";
  uint16_t port = 4566;
  int http_port = 3000;
  int xray_port = -1;
  std::string otlp;
  std::string data;
  bool no_fsync = false;
  std::string alarm_webhook;
  int emf_port = -1;  // none
  bool no_metrics = false;
  std::string iam = "enforce";
  std::string log_level = "warn";
};

struct ExecOptions {
  CommonOptions common;
  std::string auth = "relaxed";
  bool directory_given = false;
  std::vector<std::string> command;
  int xray_port = -1;
  std::string otlp;
  std::string data;  // empty: a temporary directory, removed afterwards
  std::string iam = "enforce";
  std::string log_level = "warn";
};

struct DeployOptions {
  CommonOptions common;
  bool force = false;
  std::string package;  // where .serverless goes; empty: DIR/.serverless
};

struct PackageOptions {
  CommonOptions common;
  std::string package;
};

struct RemoveOptions {
  CommonOptions common;
};

struct InfoOptions {
  CommonOptions common;
};

struct ReleasesOptions {
  CommonOptions common;
  size_t number = 10;  // deployments of each group
};

struct RollbackOptions {
  CommonOptions common;
  std::string function;  // empty: all that have an alias
};

struct InvokeOptions {
  CommonOptions common;
  std::string function;
  std::string data;
  std::string path;
  std::string type = "RequestResponse";
  std::string qualifier;
  bool log = false;
  bool raw = false;
};

struct LogsOptions {
  CommonOptions common;
  std::string function;
  std::string start_time;
  std::string filter;
  int interval_ms = 1000;
  bool tail = false;
};

struct TracesOptions {
  CommonOptions common;
  std::string id;  // empty: list
  std::string filter;
  std::string start_time;
};

struct PrintOptions {
  CommonOptions common;
  std::string format = "yaml";
  std::string path;
};

struct TokenOptions {
  CommonOptions common;
  std::string secret_parameter;
  std::string secret_env;
  std::string issuer;
  std::string subject = "me";
  std::string audience;
  std::string expires = "1h";
  std::vector<std::string> claims;  // name=value
};

struct ClockOptions {
  CommonOptions common;
  std::string advance;  // empty: only show it
};

// Each runs one command and returns the process's exit status.
int run_up(const UpOptions& options, const LaunchCloud& launch);
int run_serve(const ServeOptions& options, const LaunchCloud& launch);
int run_exec(const ExecOptions& options, const LaunchCloud& launch);
int run_deploy(const DeployOptions& options);
int run_package(const PackageOptions& options);
int run_remove(const RemoveOptions& options);
int run_info(const InfoOptions& options);
int run_releases(const ReleasesOptions& options);
int run_rollback(const RollbackOptions& options);
int run_invoke(const InvokeOptions& options);
int run_logs(const LogsOptions& options);
int run_traces(const TracesOptions& options);
int run_print(const PrintOptions& options);
int run_token(const TokenOptions& options);
int run_clock(const ClockOptions& options);

}  // namespace dew::cli
