#include "cloud/cloud.h"

#include <fmt/format.h>

#include <filesystem>

#include "authz/authorizer.h"
#include "aws/dispatcher.h"
#include "base/encoding.h"
#include "base/movable_clock.h"
#include "cloud/adapters.h"
#include "cloud/admin.h"
#include "cloud/alarm_runner.h"
#include "cloud/app_ports.h"
#include "cloud/authorization.h"
#include "cloud/clock_offset.h"
#include "cloud/deployment_alarms.h"
#include "cloud/emf_port.h"
#include "cloud/front_door.h"
#include "cloud/gateway_authority.h"
#include "cloud/log_filters.h"
#include "cloud/metric_adapters.h"
#include "cloud/otlp_exporter.h"
#include "cloud/start_up_memory.h"
#include "cloud/trace_adapters.h"
#include "cloud/trace_daemon.h"
#include "sandbox/sandbox.h"
#include "services/apigateway/service.h"
#include "services/cloudformation/service.h"
#include "services/cloudwatch/service.h"
#include "services/codedeploy/service.h"
#include "services/dynamodb/service.h"
#include "services/ecr/service.h"
#include "services/iam/service.h"
#include "services/lambda/service.h"
#include "services/logs/service.h"
#include "services/s3/service.h"
#include "services/ssm/service.h"
#include "services/sts/service.h"
#include "services/xray/service.h"
#include "store/rocksdb/rocksdb_store.h"

namespace dew::cloud {

namespace {

// What else the events of this turn of the loop lead to comes first.
void after_turn(net::Task task) {
  if (auto* loop = net::Loop::current()) {
    loop->post(std::move(task));
  } else {
    task();
  }
}

constexpr size_t kWorkers = 4;

constexpr const char* kRelaxedText = "relaxed: any key acts as the administrator";
constexpr const char* kStrictText = "strict: known keys and their signatures only";

// One for every core: an idle one costs nothing, and the scheduler shares the cores with the
// functions.
size_t loop_count() { return std::max(1U, std::thread::hardware_concurrency()); }

// Members are made from top to bottom and destroyed from bottom to top: whoever is used stands
// above its user.
class Cloud final : public cli::RunningCloud {
 public:
  Cloud(const cli::CloudOptions& options, std::unique_ptr<store::Store> store,
        Result<std::unique_ptr<sandbox::Sandbox>> sandbox, std::unique_ptr<OtlpExporter> otlp)
      : options_(options),
        store_(std::move(store)),
        clock_(load_clock_offset(*store_),
               [this](auto offset) { return save_clock_offset(*store_, offset); }),
        otlp_(std::move(otlp)),
        config_(make_config()),
        context_{config_, clock_, *store_, dispatcher_, loops_, workers_},
        dispatcher_(dispatcher_options()),
        cloudwatch_(context_),
        log_filter_metrics_(cloudwatch_, clock_),
        log_subscriber_(options.region),
        logs_(context_),
        log_sink_(logs_.ingest(), cloudwatch_.embedded()),
        gateway_log_(logs_.ingest()),
        lambda_metrics_(cloudwatch_),
        gateway_metrics_(cloudwatch_),
        dynamo_metrics_(cloudwatch_),
        alarm_runner_(workers_, options.alarm_webhook),
        xray_(context_, written()),
        gateway_traces_(xray_),
        lambda_traces_(xray_, running_, config_.account),
        call_traces_(xray_, running_, clock_),
        ssm_(context_),
        iam_(context_),
        sts_(context_),
        s3_(context_),
        ecr_(context_),
        dynamodb_(context_),
        lambda_(context_, std::move(sandbox), log_sink_, &lambda_traces_),
        gateway_authority_(machine_clock_, auth_policy()),
        apigateway_(context_, invoker_, gateway_authority_, &gateway_log_, &gateway_traces_),
        deployment_alarms_(dispatcher_),
        codedeploy_(context_, &deployment_alarms_),
        cloudformation_(context_),
        sources_(registry_, iam_, s3_, lambda_, dynamodb_, codedeploy_),
        authorizer_(sources_, clock_, config_.account, iam_mode()),
        execute_api_(authorizer_, sources_, clock_, config_.account, config_.region, iam_mode()),
        apps_(loops_, options.bind_address,
              [this](http::Request request, http::Responder respond, std::string api_id,
                     std::string stage, std::string path) {
                apigateway_.handle(std::move(request), std::move(respond),
                                   {std::move(api_id), std::move(stage), std::move(path)});
              }),
        admin_(
            workers_, apps_, clock_, [this] { return info(); },
            [this] { return cloudwatch_.prometheus(); }),
        front_door_(dispatcher_, apigateway_, cloudformation_, s3_, admin_),
        trace_daemon_(loops_, workers_, dispatcher_, xray_) {
    invoker_.set(&lambda_);
    alarm_runner_.set(&lambda_);
    cloudwatch_.set_alarm_actions(&alarm_runner_);
    if (options.metrics) {
      lambda_.set_metrics(&lambda_metrics_);
      apigateway_.set_metrics(&gateway_metrics_);
      dynamodb_.set_metrics(&dynamo_metrics_);
    }
    log_subscriber_.set(&lambda_);
    logs_.filters().set_metrics(&log_filter_metrics_);
    logs_.filters().set_subscriber(&log_subscriber_);
    sts_.set_long_term_keys([this](std::string_view key) { return iam_.find_access_key(key); });
    dispatcher_.set_credentials(&sts_);
    dispatcher_.set_authorizer(&authorizer_);
    gateway_authority_.set(&sts_, &execute_api_);
    cloudwatch_.register_operations(registry_);
    dispatcher_.set_call_tracer(&call_traces_);
    logs_.register_operations(registry_);
    xray_.register_operations(registry_);
    ssm_.register_operations(registry_);
    iam_.register_operations(registry_);
    sts_.register_operations(registry_);
    s3_.register_operations(registry_);
    ecr_.register_operations(registry_);
    dynamodb_.register_operations(registry_);
    lambda_.register_operations(registry_);
    apigateway_.register_operations(registry_);
    codedeploy_.register_operations(registry_);
    cloudformation_.register_operations(registry_);
  }

  ~Cloud() override { stop(std::chrono::milliseconds(0)); }

  Result<void> listen() {
    for (const auto& [names, entry] : registry_.entries()) {
      if (authz::find_rule(names.first, names.second) != nullptr) continue;
      return fail(ErrorKind::kInternal,
                  fmt::format("{}:{} has no IAM action: src/authz/rules_*.cc must name it",
                              names.first, names.second));
    }
    net::ServerOptions options;
    options.address = options_.bind_address;
    options.port = options_.port;
    options.body_bytes = limits::kServiceBodyBytes;
    // The bytes as they were signed: the dispatcher inflates once the signature is checked.
    options.inflate_requests = false;
    options.body_sink = [this](const http::Request& head) { return front_door_.body_sink(head); };
    options.sink_bytes = limits::kObjectBodyBytes;
    TRY(auto server, net::Server::listen(
                         loops_, options, [this](http::Request request, http::Responder respond) {
                           front_door_.handle(std::move(request), std::move(respond));
                         }));
    server_ = std::move(server);
    config_.port = server_->port();
    CHECK_OK(options_.xray_port_taken == cli::PortTaken::kAnother
                 ? trace_daemon_.listen_somewhere(options_.xray_port)
                 : trace_daemon_.listen(options_.xray_port));
    config_.xray_daemon = trace_daemon_.address();
    // What a deployment or a stack update left unfinished in an earlier life goes on only now, when
    // services can be called.
    lambda_.review_events(
        [this](std::string payload) { return cloudformation_.redelivered(std::move(payload)); });
    lambda_.resume();
    logs_.resume();
    codedeploy_.resume();
    cloudformation_.resume();
    if (options_.emf_port >= 0) {
      TRY(emf_port_, EmfPort::listen(static_cast<uint16_t>(options_.emf_port),
                                     [this](std::string_view line) { take_embedded(line); }));
    }
    clock_.start();
    s3_.start_sweeps();
    admin_.set_ready();
    workers_.post([] {
      (void)sha256({});  // OpenSSL's first word takes milliseconds: not at the first request
      release_start_up_memory();
    });
    return {};
  }

  uint16_t port() const override { return server_->port(); }
  std::string clock_notice() const override { return cloud::clock_notice(clock_); }
  uint16_t xray_port() const override { return trace_daemon_.port(); }

  void stop(std::chrono::milliseconds deadline) override {
    if (stopped_.exchange(true)) return;
    // Nobody hears what functions say by the front door any more.
    lambda_.hold_events_back();
    if (server_) server_->drain(deadline);
    apps_.drain(deadline);
    // Its operations call the other services.
    cloudformation_.stop();
    emf_port_.reset();
    clock_.stop();
    codedeploy_.stop();
    alarm_runner_.wait();
    lambda_.stop();
    trace_daemon_.stop(deadline);
    logs_.stop();
    s3_.stop_sweeps();
    cloudwatch_.stop();
    xray_.stop();
    if (otlp_) otlp_->stop();
    server_.reset();
    loops_.stop();
  }

 private:
  authz::Mode iam_mode() const {
    switch (options_.iam) {
      case cli::IamMode::kAudit:
        return authz::Mode::kAudit;
      case cli::IamMode::kOff:
        return authz::Mode::kOff;
      case cli::IamMode::kEnforce:
        break;
    }
    return authz::Mode::kEnforce;
  }

  xray::Service::Written written() {
    if (!otlp_) return {};
    return
        [otlp = otlp_.get()](const std::vector<xray::Segment>& segments) { otlp->add(segments); };
  }

  services::Config make_config() {
    services::Config config;
    config.region = options_.region;
    config.fsync = options_.fsync;
    config.port = options_.port;
    config.data_directory = options_.data_directory;
    config.api_url = [this] { return apps_.url(); };
    return config;
  }

  aws::AuthPolicy auth_policy() const {
    return {options_.auth == cli::Auth::kStrict ? aws::AuthMode::kStrict : aws::AuthMode::kRelaxed,
            config_.account, config_.region};
  }

  aws::DispatcherOptions dispatcher_options() {
    return {.registry = registry_,
            .clock = machine_clock_,
            .workers = workers_,
            .auth = auth_policy(),
            .durable = [this](std::move_only_function<void(Result<void>)> done) {
              const store::Sequence sequence = store::Store::take_last_commit();
              if (sequence == 0) return done({});
              store_->when_durable(sequence, std::move(done));
            }};
  }

  // As the agent does: the metrics, and the line itself in the log group that it names.
  void take_embedded(std::string_view line) {
    const auto parsed = cloudwatch::parse_emf(line);
    if (!parsed) return;
    cloudwatch_.embedded().add(parsed->log_group, line);
    if (parsed->log_group.empty()) return;
    const std::string stream =
        parsed->log_stream.empty() ? std::string("embedded") : parsed->log_stream;
    TimedLines lines;
    lines.add(clock_.now_ms(), line);
    logs_.ingest().append(parsed->log_group, stream, lines);
  }

  json::Object info() const {
    json::Object out{{"version", DEW_VERSION},
                     {"region", config_.region},
                     {"account", config_.account},
                     {"endpoint", config_.endpoint()},
                     {"apiUrl", apps_.url()},
                     {"xrayDaemon", config_.xray_daemon},
                     {"auth", options_.auth == cli::Auth::kStrict ? kStrictText : kRelaxedText},
                     {"iam", cli::iam_text(options_.iam)},
                     {"fsync", options_.fsync}};
    if (const auto moved = cloud::clock_notice(clock_); !moved.empty()) out["clock"] = moved;
    if (emf_port_) out["emfPort"] = emf_port_->port();
    json::Array isolation;
    for (const auto& line : lambda_.isolation()) isolation.emplace_back(line);
    out.emplace("isolation", std::move(isolation));
    return out;
  }

  const cli::CloudOptions options_;
  const std::unique_ptr<store::Store> store_;
  MovableClock clock_;
  // Who signs a request stamps it with the machine's time, whatever the cloud's is.
  const SystemClock machine_clock_;
  const std::unique_ptr<OtlpExporter> otlp_;  // null: no --otlp
  services::Config config_;
  aws::Registry registry_;
  net::Loops loops_{loop_count()};
  net::Workers workers_{kWorkers};
  services::Context context_;
  aws::Dispatcher dispatcher_;
  cloudwatch::Service cloudwatch_;
  LogFilterMetrics log_filter_metrics_;
  LogSubscriber log_subscriber_;
  logs::Service logs_;
  LogsSink log_sink_;
  GatewayLog gateway_log_;
  LambdaMetrics lambda_metrics_;
  GatewayMetrics gateway_metrics_;
  DynamoMetrics dynamo_metrics_;
  AlarmRunner alarm_runner_;
  xray::Service xray_;
  RunningInvocations running_;
  GatewayTraces gateway_traces_;
  LambdaTraces lambda_traces_;
  CallTraces call_traces_;
  ssm::Service ssm_;
  iam::Service iam_;
  sts::Service sts_;
  s3::Service s3_;
  ecr::Service ecr_;
  dynamodb::Service dynamodb_;
  LambdaInvoker invoker_;
  lambda::Service lambda_;
  GatewayAuthority gateway_authority_;
  apigateway::Service apigateway_;
  DeploymentAlarms deployment_alarms_;
  codedeploy::Service codedeploy_;
  cloudformation::Service cloudformation_;
  CloudSources sources_;
  authz::Authorizer authorizer_;
  authz::ExecuteApi execute_api_;
  AppPorts apps_;
  Admin admin_;
  FrontDoor front_door_;
  TraceDaemon trace_daemon_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<EmfPort> emf_port_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<cli::RunningCloud>> launch(const cli::CloudOptions& options) {
  if (options.auth == cli::Auth::kRelaxed && !aws::is_loopback(options.bind_address)) {
    return fail(ErrorKind::kInvalid,
                fmt::format("will not listen on {} with --auth relaxed: whoever reaches that "
                            "address would be the account's administrator. Use --auth strict "
                            "(the key test with the secret test is the administrator's, from this "
                            "machine only; create others with it), or bind 127.0.0.1",
                            options.bind_address));
  }
  std::error_code error;
  std::filesystem::create_directories(options.data_directory, error);
  if (error) {
    return fail(ErrorKind::kIo, fmt::format("cannot create the data directory {}: {}",
                                            options.data_directory, error.message()));
  }
  // Secrets, code and data: nobody else on this machine reads them.
  std::filesystem::permissions(options.data_directory, std::filesystem::perms::owner_all, error);
  // Probes the host while the store is opened.
  auto sandbox = sandbox::Sandbox::open({.state_directory = options.data_directory});
  TRY(auto store, store::open_rocksdb({.directory = options.data_directory + "/store",
                                       .sync = options.fsync ? store::Sync::kOn : store::Sync::kOff,
                                       .soon = after_turn}));
  std::unique_ptr<OtlpExporter> otlp;
  if (!options.otlp_url.empty()) {
    TRY(otlp, OtlpExporter::open(options.otlp_url));
  }
  auto cloud =
      std::make_unique<Cloud>(options, std::move(store), std::move(sandbox), std::move(otlp));
  CHECK_OK(cloud->listen());
  return cloud;
}

}  // namespace dew::cloud
