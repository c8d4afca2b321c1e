// The command line: which commands and options there are, and their help. The one file that names
// the option library; what a command does is in its own.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/launcher.h"
#include "cli/options.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

constexpr const char* kIntroduction =
    "Dewpoint runs serverless applications on this machine: HTTP APIs on Lambda and API Gateway, "
    "with DynamoDB,\n"
    "described by a serverless.yml. It speaks AWS's own APIs; the same application deploys "
    "unchanged to AWS.\n";

constexpr const char* kExamples =
    "\nExamples:\n"
    "  dew up                         start the cloud, deploy this directory, serve its API, "
    "follow changes\n"
    "  dew exec -- pytest             run tests against a throw-away cloud with this directory "
    "deployed\n"
    "  dew serve                      the cloud alone, for the AWS CLI and SDKs "
    "(AWS_ENDPOINT_URL)\n"
    "  dew logs -f api --tail         follow a function's log\n"
    "\n`dew COMMAND --help` explains a command. AWS APIs are at http://127.0.0.1:4566 unless said "
    "otherwise.\n";

enum Common : unsigned { kStage = 1, kEndpoint = 2, kJson = 4, kDirectory = 8 };

void add_common(CLI::App& app, CommonOptions& options, unsigned which) {
  if (which & kDirectory)
    app.add_option("DIR", options.directory, "Directory of the service (its serverless.yml)")
        ->capture_default_str();
  if (which & kStage) {
    app.add_option("-s,--stage", options.stage,
                   "Stage, such as dev or prod; else provider.stage, else dev");
    app.add_option("-r,--region", options.region, "Region; else provider.region, else us-east-1");
    app.add_option("--param", options.params, "NAME=VALUE for ${param:NAME}; may be repeated")
        ->check([](const std::string& text) {
          return text.find('=') == std::string::npos ? std::string("must be NAME=VALUE")
                                                     : std::string();
        });
    app.add_flag("--ignore-plugins", options.ignore_plugins,
                 "Go without plugins that are not built in: a warning instead of an error");
  }
  if (which & kEndpoint) {
    auto* endpoint =
        app.add_option("--endpoint", options.endpoint,
                       "The cloud's URL; else AWS_ENDPOINT_URL, else http://127.0.0.1:4566");
    app.add_flag("--aws", options.aws, "AWS itself, whatever AWS_ENDPOINT_URL says")
        ->excludes(endpoint);
    app.add_option("--aws-profile", options.profile,
                   "The profile of ~/.aws whose credentials sign; else the environment's, else "
                   "AWS_PROFILE's");
  }
  if (which & kJson) app.add_flag("--json", options.json, "The result as JSON, for programs");
  app.add_flag("--verbose", options.verbose, "Say more, such as every event of the stack");
}

void add_iam(CLI::App& app, std::string& iam) {
  app.add_option("--iam", iam,
                 "enforce: IAM policies decide, as on AWS; audit: everything is let through, and "
                 "the log says what would be denied; off")
      ->capture_default_str()
      ->check(CLI::IsMember({"enforce", "audit", "off"}));
}

void add_auth(CLI::App& app, std::string& auth) {
  app.add_option("--auth", auth,
                 "relaxed: unknown keys and unsigned requests act as the administrator; strict: "
                 "they are refused")
      ->capture_default_str()
      ->check(CLI::IsMember({"relaxed", "strict"}));
}

void add_xray_port(CLI::App& app, int& port) {
  app.add_option("--xray-port", port,
                 "Port of X-Ray's daemon (UDP, and TCP for sampling) on 127.0.0.1; else 2000, or "
                 "another if that is taken; 0: any free one")
      ->check(CLI::Range(0, 65535));
}

void add_otlp(CLI::App& app, std::string& url) {
  app.add_option("--otlp", url,
                 "Also send traces to this OpenTelemetry collector (OTLP over HTTP, as JSON): "
                 "http://127.0.0.1:4318; /v1/traces is added where the URL has no path");
}

constexpr const char* kAuthHelp =
    "\nSignatures of known keys are verified in both modes. With --auth strict the well-known key "
    "test (secret: test)\n"
    "is the administrator's, from this machine only: create users and their keys with it (aws iam "
    "create-access-key).\n"
    "An address that others can reach needs --auth strict.\n";

// Everything below is one command each.

struct Options {
  UpOptions up;
  ServeOptions serve;
  ExecOptions exec;
  DeployOptions deploy;
  PackageOptions package;
  RemoveOptions remove;
  InfoOptions info;
  ReleasesOptions releases;
  RollbackOptions rollback;
  InvokeOptions invoke;
  LogsOptions logs;
  TracesOptions traces;
  PrintOptions print;
  TokenOptions token;
  ClockOptions clock;
};

// What CloudWatch is connected to outside of the cloud.
template <class Options>
void add_monitoring(CLI::App& command, Options& options) {
  command.add_option("--alarm-webhook", options.alarm_webhook,
                     "http(s):// URL to which alarms POST the actions that are no functions");
  command
      .add_option("--emf-port", options.emf_port,
                  "TCP port for embedded metrics, a JSON document a line, as the CloudWatch agent "
                  "takes them (its own is 25888); 0: any free one")
      ->check(CLI::Range(0, 65535));
  command.add_flag("--no-metrics", options.no_metrics,
                   "Functions, APIs and tables tell CloudWatch nothing of themselves");
}

CLI::App* add_up(CLI::App& app, UpOptions& options) {
  auto* command = app.add_subcommand(
      "up", "Start the cloud, deploy a service, serve its API, redeploy on change");
  add_common(*command, options.common, kStage | kDirectory);
  command->add_option("-p,--port", options.port, "Port of the AWS APIs; 0: any free one")
      ->capture_default_str();
  command
      ->add_option(
          "--http-port", options.http_port,
          "Port of the application's API; else custom.serverless-offline.httpPort, else 3000")
      ->check(CLI::Range(0, 65535));
  command->add_option("--host,--bind", options.host, "Address to bind")->capture_default_str();
  add_auth(*command, options.auth);
  add_xray_port(*command, options.xray_port);
  add_otlp(*command, options.otlp);
  command->add_option("--data", options.data, "Where state is kept; else DIR/.dew");
  add_iam(*command, options.iam);
  add_monitoring(*command, options);
  command->add_flag("--no-fsync", options.no_fsync, "Faster writes that a power loss may undo");
  command->add_flag("--no-watch", options.no_watch,
                    "Deploy once; do not redeploy when files change");
  command->add_flag("--no-logs", options.no_logs, "Do not follow the functions' logs");
  command
      ->add_option("--log-level", options.log_level,
                   "The engine's own log: debug, info, warn, error or off")
      ->capture_default_str();
  command->footer(
      std::string("\nState stays in DIR/.dew between starts: data written through the API is there "
                  "again. Ctrl-C stops.\n") +
      kAuthHelp + "\nExamples:\n  dew up\n  dew up services/users --stage test --http-port 8080\n");
  return command;
}

CLI::App* add_serve(CLI::App& app, ServeOptions& options) {
  auto* command = app.add_subcommand("serve", "Start the cloud alone");
  command->add_option("-p,--port", options.port, "Port of the AWS APIs; 0: any free one")
      ->capture_default_str();
  command
      ->add_option("--http-port", options.http_port,
                   "Port of an application's API, once one is opened")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  command
      ->add_option("--host,--bind", options.host,
                   "Address to bind; another than 127.0.0.1 needs --auth strict")
      ->capture_default_str();
  add_auth(*command, options.auth);
  command->add_option("-r,--region", options.region, "Region")->capture_default_str();
  add_xray_port(*command, options.xray_port);
  add_otlp(*command, options.otlp);
  command->add_option("--data", options.data, "Where state is kept; else $XDG_STATE_HOME/dewpoint");
  add_iam(*command, options.iam);
  add_monitoring(*command, options);
  command->add_flag("--no-fsync", options.no_fsync, "Faster writes that a power loss may undo");
  command
      ->add_option("--log-level", options.log_level,
                   "The engine's own log: debug, info, warn, error or off")
      ->capture_default_str();
  command->footer(
      std::string("\nPrints one line to standard output when the APIs answer; SIGTERM or Ctrl-C "
                  "stops.\n") +
      kAuthHelp +
      "\nExamples:\n  dew serve\n  dew serve --port 4570 --data /var/lib/dew\n"
      "  dew serve --auth strict --bind 0.0.0.0\n"
      "  AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws dynamodb list-tables\n");
  return command;
}

CLI::App* add_exec(CLI::App& app, ExecOptions& options) {
  auto* command = app.add_subcommand("exec", "Run a command against a throw-away cloud");
  add_common(*command, options.common, kStage);
  add_iam(*command, options.iam);
  add_auth(*command, options.auth);
  add_xray_port(*command, options.xray_port);
  add_otlp(*command, options.otlp);
  command->add_option("--data", options.data,
                      "Keep state here instead of in a temporary directory");
  command
      ->add_option("--log-level", options.log_level,
                   "The engine's own log: debug, info, warn, error or off")
      ->capture_default_str();
  command->add_option("COMMAND", options.command, "[DIR] -- COMMAND [ARGUMENT...]")
      ->expected(0, -1);
  command->footer(
      "\nStarts a cloud on free ports with nothing in it, deploys DIR (default: this directory) if "
      "it has a serverless.yml,\n"
      "runs COMMAND with AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
      "AWS_XRAY_DAEMON_ADDRESS\nand DEW_API_URL set, stops the "
      "cloud, and exits with COMMAND's status.\n"
      "\nExamples:\n  dew exec -- pytest\n  dew exec examples/users-cpp -- sh -c 'curl -s "
      "$DEW_API_URL/users'\n");
  return command;
}

CLI::App* add_deploy(CLI::App& app, DeployOptions& options) {
  auto* command = app.add_subcommand("deploy", "Deploy a service into a running cloud");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->add_flag("--force", options.force, "Deploy although nothing changed");
  command->add_option("--package", options.package,
                      "Where artifacts and templates go; else DIR/.serverless");
  command->footer(
      "\nCredentials come from where AWS's SDKs take them: the environment, a profile, an assumed "
      "role, a container, an instance.\nA cloud on this machine gets test/test when there are "
      "none. AWS_CA_BUNDLE names the certificates to trust for https.\n"
      "\nExamples:\n  dew deploy\n  dew deploy --stage prod --param color=blue --endpoint "
      "https://cloud.example.com\n  dew deploy --stage prod --aws --aws-profile work\n");
  return command;
}

CLI::App* add_package(CLI::App& app, PackageOptions& options) {
  auto* command =
      app.add_subcommand("package", "Write the CloudFormation templates and the artifacts");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->add_option("--package", options.package, "Where they go; else DIR/.serverless");
  command->footer(
      "\nWrites what `serverless package` writes. Only ${ssm:}, ${cf:} and ${aws:accountId} need a "
      "cloud.\n"
      "\nExamples:\n  dew package\n  dew package --stage prod --package out\n");
  return command;
}

CLI::App* add_remove(CLI::App& app, RemoveOptions& options) {
  auto* command = app.add_subcommand("remove", "Remove a service's stack and everything in it");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->footer("\nExamples:\n  dew remove\n  dew remove --stage test\n");
  return command;
}

CLI::App* add_info(CLI::App& app, InfoOptions& options) {
  auto* command =
      app.add_subcommand("info", "Show what is deployed: endpoints, functions, outputs");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->footer("\nExamples:\n  dew info\n  dew info --json | jq -r .outputs.ServiceEndpoint\n");
  return command;
}

CLI::App* add_releases(CLI::App& app, ReleasesOptions& options) {
  auto* command = app.add_subcommand(
      "releases", "Show what each alias runs, and the deployments that brought it there");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->add_option("-n,--number", options.number, "At most this many deployments of each group")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->footer(
      "\nFor functions with deploymentSettings (serverless-plugin-canary-deployments).\n"
      "\nExamples:\n  dew releases\n  dew releases --json | jq .aliases\n");
  return command;
}

CLI::App* add_rollback(CLI::App& app, RollbackOptions& options) {
  auto* command = app.add_subcommand("rollback", "Take aliases back to the version before");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->add_option("-f,--function", options.function,
                      "The function's name in serverless.yml; else all that have an alias");
  command->footer(
      "\nA running deployment is stopped and taken back. Otherwise the traffic goes to the version "
      "before all at once,\nby a CodeDeploy deployment where the alias has a deployment group.\n"
      "\nExamples:\n  dew rollback\n  dew rollback -f api --stage prod\n");
  return command;
}

CLI::App* add_invoke(CLI::App& app, InvokeOptions& options) {
  auto* command = app.add_subcommand("invoke", "Invoke a deployed function");
  add_common(*command, options.common, kStage | kEndpoint | kDirectory);
  command->add_option("-f,--function", options.function, "The function's name in serverless.yml")
      ->required();
  auto* data =
      command->add_option("-d,--data", options.data, "The event, as JSON (or text); none: {}");
  command->add_option("-p,--path", options.path, "A file that holds the event; -: standard input")
      ->excludes(data);
  command->add_option("-t,--type", options.type, "RequestResponse, Event or DryRun")
      ->capture_default_str()
      ->check(CLI::IsMember({"RequestResponse", "Event", "DryRun"}));
  command->add_option("-q,--qualifier", options.qualifier, "A version or an alias");
  command->add_flag("-l,--log", options.log, "Show the end of the invocation's log, too");
  command->add_flag("--raw", options.raw, "Send the data as one string, even if it is JSON");
  command->footer(
      "\nExits with 1 when the function fails.\n\nExamples:\n  dew invoke -f api -d '{\"id\":42}' "
      "--log\n  dew invoke -f api --path event.json\n");
  return command;
}

CLI::App* add_logs(CLI::App& app, LogsOptions& options) {
  auto* command = app.add_subcommand("logs", "Show or follow a function's log");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->add_option("-f,--function", options.function, "The function's name in serverless.yml")
      ->required();
  command->add_flag("-t,--tail", options.tail, "Follow: show new lines as they come");
  command->add_option("--startTime,--start-time", options.start_time,
                      "From when: 30m, 2h, 1d, or a time such as 2026-01-31T12:00:00");
  command->add_option("--filter", options.filter,
                      "Only lines that match this CloudWatch Logs filter pattern, in quotes");
  command
      ->add_option("-i,--interval", options.interval_ms,
                   "Milliseconds between two looks when following")
      ->capture_default_str()
      ->check(CLI::Range(50, 3'600'000));
  command->footer(
      "\nEach line is shown with its time, its request and, if it says so, its level; a line of "
      "JSON as\n\"message key=value\". With --json, a line is an object with timestamp (ms), "
      "stream, requestId and\nmessage, as the function wrote it.\n"
      "\nExamples:\n"
      "  dew logs -f api --tail                         follow\n"
      "  dew logs -f api --startTime 2h                 the last two hours\n"
      "  dew logs -f api --json | jq -r .message        for programs\n"
      "\nFilters:\n"
      "  --filter 'ERROR -timeout'                        lines with the first word and without "
      "the second\n"
      "  --filter '?ERROR ?WARN'                          lines with one of them\n"
      "  --filter '\"not found\"'                           a phrase, or what is no letter or "
      "digit\n"
      "  --filter '%status=5[0-9]+%'                      a regular expression\n"
      "  --filter '{ $.level = \"ERROR\" && $.ms > 500 }'   fields of lines that are JSON\n"
      "  --filter '[kind = REPORT, ...]'                  words by their place\n"
      "The whole language: "
      "docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html\n");
  return command;
}

CLI::App* add_traces(CLI::App& app, TracesOptions& options) {
  auto* command = app.add_subcommand("traces", "List traces, or show one as a waterfall");
  add_common(*command, options.common, kEndpoint | kJson);
  command->add_option("ID", options.id, "The trace to show; none: list them");
  command->add_option("--filter", options.filter,
                      "Only traces that match this X-Ray filter expression");
  command->add_option("--startTime,--start-time", options.start_time,
                      "From when: 30m, 2h, 1d, or a time such as 2026-01-31T12:00:00; else the "
                      "last ten minutes");
  command->footer(
      "\nTraces are made where tracing is on (provider.tracing in serverless.yml), or where a "
      "request's X-Amzn-Trace-Id says Sampled=1.\n"
      "\nExamples:\n  dew traces\n  dew traces --filter 'fault OR responsetime > 1'\n"
      "  dew traces 1-5759e988-bd862e3fe1be46a994272793\n");
  return command;
}

CLI::App* add_print(CLI::App& app, PrintOptions& options) {
  auto* command = app.add_subcommand("print", "Print serverless.yml with its variables resolved");
  add_common(*command, options.common, kStage | kEndpoint | kJson | kDirectory);
  command->add_option("--format", options.format, "yaml, json or text")
      ->capture_default_str()
      ->check(CLI::IsMember({"yaml", "json", "text"}));
  command->add_option("--path", options.path, "Only this part, such as provider.environment");
  command->footer(
      "\nExamples:\n  dew print --stage prod\n  dew print --path functions.api --format json\n");
  return command;
}

CLI::App* add_token(CLI::App& app, TokenOptions& options) {
  auto* command = app.add_subcommand("token", "Mint a JSON Web Token (HS256) for trying an API");
  add_common(*command, options.common, kEndpoint | kJson);
  command->add_option("-r,--region", options.common.region, "Region of the parameter");
  auto* parameter = command->add_option("--secret-parameter", options.secret_parameter,
                                        "The SSM parameter that holds the secret");
  auto* environment = command->add_option("--secret-env", options.secret_env,
                                          "The environment variable that holds the secret");
  parameter->excludes(environment);
  command->add_option("--issuer", options.issuer, "Claim iss");
  command->add_option("--subject", options.subject, "Claim sub")->capture_default_str();
  command->add_option("--audience", options.audience, "Claim aud");
  command->add_option("--expires", options.expires, "Until claim exp: 90s, 15m, 1h, 7d")
      ->capture_default_str();
  command->add_option("--claim", options.claims, "NAME=VALUE (JSON or text); may be repeated")
      ->check([](const std::string& text) {
        return text.find('=') == std::string::npos ? std::string("must be NAME=VALUE")
                                                   : std::string();
      });
  command->callback([parameter, environment] {
    if (parameter->count() + environment->count() == 0)
      throw CLI::RequiredError("--secret-parameter or --secret-env");
  });
  command->footer(
      "\nExamples:\n  dew token --secret-parameter /users-api/dev/jwt-secret --issuer users-api\n"
      "  curl -H \"Authorization: Bearer $(dew token --secret-parameter /users-api/dev/jwt-secret "
      "--issuer users-api)\" ...\n");
  return command;
}

CLI::App* add_clock(CLI::App& app, ClockOptions& options) {
  auto* command = app.add_subcommand("clock", "Show the cloud's clock, or move it forward");
  add_common(*command, options.common, kEndpoint | kJson);
  auto* advance = command->add_subcommand(
      "advance", "Move the clock forward; all that comes due happens, in order");
  advance->add_option("TIME", options.advance, "90s, 15m, 1h30m, 7d")->required();
  add_common(*advance, options.common, kEndpoint | kJson);
  command->footer(
      "\nExamples:\n  dew clock\n  dew clock advance 5m\n  dew clock advance 1d --json | jq -r "
      ".now\n");
  return command;
}

// `dew exec [DIR] -- CMD…`: the option library drops the `--`, so what comes after it is taken out
// first.
std::vector<std::string> take_command(int argc, char** argv, std::vector<std::string>& rest) {
  std::vector<std::string> command;
  bool separated = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!separated && argument == "--") {
      separated = true;
    } else if (separated) {
      command.push_back(argument);
    } else {
      rest.push_back(argument);
    }
  }
  return command;
}

bool is_exec(const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) {
    if (!argument.starts_with('-')) return argument == "exec";
  }
  return false;
}

// What was given before `--` is the directory; without a `--` the command is what was given, in
// this directory.
void settle_exec(ExecOptions& options, std::vector<std::string> command) {
  if (command.empty()) return;
  if (!options.command.empty()) {
    options.common.directory = options.command[0];
    options.directory_given = true;
  }
  options.command = std::move(command);
}

}  // namespace

IamMode parse_iam(std::string_view text) {
  if (text == "audit") return IamMode::kAudit;
  return text == "off" ? IamMode::kOff : IamMode::kEnforce;
}

std::string_view iam_text(IamMode mode) {
  switch (mode) {
    case IamMode::kEnforce:
      return "enforced: policies decide";
    case IamMode::kAudit:
      return "audit: nothing is denied, the log says what would be";
    case IamMode::kOff:
      break;
  }
  return "off: nothing is denied";
}

int run(int argc, char** argv, const LaunchCloud& launch) {
  CLI::App app(kIntroduction, "dew");
  app.set_version_flag("--version,-V", std::string("dew ") + DEW_VERSION);
  app.set_help_flag("-h,--help", "Explain, and exit");
  app.require_subcommand(1);
  app.footer(kExamples);
  Options options;
  auto* up = add_up(app, options.up);
  auto* serve = add_serve(app, options.serve);
  auto* exec = add_exec(app, options.exec);
  auto* deploy = add_deploy(app, options.deploy);
  auto* remove = add_remove(app, options.remove);
  auto* info = add_info(app, options.info);
  auto* releases = add_releases(app, options.releases);
  auto* rollback = add_rollback(app, options.rollback);
  auto* invoke = add_invoke(app, options.invoke);
  auto* logs = add_logs(app, options.logs);
  auto* traces = add_traces(app, options.traces);
  auto* package = add_package(app, options.package);
  auto* print = add_print(app, options.print);
  auto* token = add_token(app, options.token);
  auto* clock = add_clock(app, options.clock);
  std::vector<std::string> arguments;
  std::vector<std::string> command;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  if (is_exec(arguments)) {
    arguments.clear();
    command = take_command(argc, argv, arguments);
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // as the library wants them
    app.parse(arguments);
  } catch (const CLI::Success& success) {
    app.exit(success);
    return kDone;
  } catch (const CLI::ParseError& error) {
    if (argc <= 1) {
      print_out(app.help());
      return kUsage;
    }
    print_error(fmt::format("{}\nRun with --help for the commands and options.", error.what()));
    return kUsage;
  }
  if (*exec) {
    if (command.size() == 0 && options.exec.command.empty()) {
      print_error("no command: dew exec [DIR] -- COMMAND [ARGUMENT...]");
      return kUsage;
    }
    if (options.exec.command.size() > 1 && !command.empty()) {
      print_error(fmt::format("'{}' before -- is one too many: only the directory stands there",
                              options.exec.command[1]));
      return kUsage;
    }
    settle_exec(options.exec, std::move(command));
    return run_exec(options.exec, launch);
  }
  if (*up) return run_up(options.up, launch);
  if (*serve) return run_serve(options.serve, launch);
  if (*deploy) return run_deploy(options.deploy);
  if (*remove) return run_remove(options.remove);
  if (*info) return run_info(options.info);
  if (*releases) return run_releases(options.releases);
  if (*rollback) return run_rollback(options.rollback);
  if (*invoke) return run_invoke(options.invoke);
  if (*logs) return run_logs(options.logs);
  if (*traces) return run_traces(options.traces);
  if (*package) return run_package(options.package);
  if (*print) return run_print(options.print);
  if (*token) return run_token(options.token);
  if (*clock) return run_clock(options.clock);
  return kUsage;
}

}  // namespace dew::cli
