#include "services/lambda/service.h"

#include "base/ids.h"
#include "base/log.h"
#include "policy/evaluate.h"
#include "services/lambda/core.h"
#include "services/lambda/draw.h"

namespace dew::lambda {
namespace {

// What a function's policy can ask of a service that invokes it.
// docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
class ServiceContext final : public policy::Context {
 public:
  ServiceContext(const InvokeRequest& request, const std::string& account)
      : request_(request), account_(account) {}

  bool get(std::string_view key, policy::Values& out) const override {
    const auto put = [&](std::string_view value) {
      if (!value.empty()) out.emplace_back(value);
      return !value.empty();
    };
    if (key == "aws:sourcearn") return put(request_.source_arn);
    if (key == "aws:sourceaccount") return put(account_);
    if (key == "aws:principalservicename") return put(request_.principal);
    if (key == "aws:principalisawsservice") return put("true");
    return false;
  }

 private:
  const InvokeRequest& request_;
  const std::string& account_;
};

// A service acts for nobody else: only the function's own policy can let it in.
bool allows(const policy::Policy* policy, const InvokeRequest& request, const Target& target,
            const std::string& account) {
  if (policy == nullptr) return false;
  const policy::Principal who{.kind = policy::Principal::Kind::kService,
                              .account = {},
                              .arn = request.principal,
                              .role_arn = {}};
  const ServiceContext context(request, account);
  return policy::evaluate({who, "lambda:InvokeFunction", target.invoked_arn, context},
                          {.identity = {}, .session = {}, .resource = policy}, account)
      .allowed();
}

void refuse(Done& done, Outcome::Kind kind, std::string code, std::string message) {
  Outcome outcome{.kind = kind};
  outcome.code = std::move(code);
  outcome.message = std::move(message);
  done(std::move(outcome));
}

}  // namespace

struct Service::Impl {
  Impl(const services::Context& context, Result<std::unique_ptr<sandbox::Sandbox>> sandbox,
       LogSink& logs, TraceSink* traces)
      : core(context, std::move(sandbox), logs, traces) {}
  Core core;
};

Core::Core(const services::Context& context_, Result<std::unique_ptr<sandbox::Sandbox>> opened,
           LogSink& logs_, TraceSink* traces_)
    : context(context_),
      logs(logs_),
      traces(traces_),
      code(context_.config.data_directory + "/lambda/code"),
      layers(context_, code),
      credentials(context_) {
  const std::string& data = context.config.data_directory;
  auto written = Runtimes::open(data + "/runtimes");
  if (!opened || !written) {
    start_error = !opened ? opened.error().message : written.error().message;
    log::error("lambda: functions cannot run: {}", start_error);
    return;
  }
  sandbox = *std::move(opened);
  runtimes = *std::move(written);
  const auto prepare = [this](const Revision& revision) -> aws::ApiResult<Pool::Prepared> {
    if (revision.code == nullptr) {
      return aws::fail(
          Error{ErrorKind::kInternal, "the code of " + revision.config.function_name + " is gone"});
    }
    if (revision.opt == nullptr && !revision.config.layers.empty()) {
      return aws::fail(Error{ErrorKind::kInternal,
                             "the layers of " + revision.config.function_name + " are gone"});
    }
    Pool::Prepared out;
    TRY(out.launch,
        runtimes->launch(revision.config, revision.code->path,
                         revision.opt ? revision.opt->path : "", sandbox->isolation().mounts()));
    TRY(out.credentials, credentials.get(revision.config.role, revision.config.function_name));
    return out;
  };
  const auto facts = [this] {
    return EnvironmentFacts{.region = region(),
                            .endpoint = context.config.endpoint(),
                            .api_url = context.config.api_url(),
                            .xray_daemon = context.config.xray_daemon,
                            .runtime_api = {},
                            .log_stream = {},
                            .initialization = Initialization::kOnDemand};
  };
  pool = std::make_unique<Pool>(*sandbox, *runtimes, logs, context.clock, context.loops,
                                context.workers, prepare, facts, PoolOptions::for_this_machine(),
                                traces);
  catalog = std::make_unique<Catalog>(context, *pool, code);
  pool->set_provisioned_ready(
      [this](const std::string& function) { catalog->advance_shifts(function); });
  async = std::make_unique<AsyncQueue>(
      context,
      [this](InvokeRequest request, Done done) { invoke(std::move(request), std::move(done)); },
      [this](const std::string& function) {
        EventPolicy policy;
        const auto name = parse_function_name(function);
        const auto record = name ? catalog->find(name->name) : nullptr;
        if (record == nullptr) return policy;
        const auto it = record->event_configs.find(std::string(name->qualifier));
        if (it == record->event_configs.end()) return policy;
        policy.retries = it->second.retries.value_or(policy.retries);
        policy.max_age_seconds = it->second.max_age_seconds.value_or(policy.max_age_seconds);
        return policy;
      });
  async->set_dropped([this](const std::string& function) {
    const auto name = parse_function_name(function);
    if (metrics != nullptr && name) metrics->event_dropped(name->name);
  });
  // First: the functions' code is collected when the functions are known.
  if (const auto loaded = layers.load(); !loaded) {
    log::error("lambda: cannot read the stored layers: {}", loaded.error().message);
  }
  if (const auto loaded = catalog->load(); !loaded) {
    log::error("lambda: cannot read the stored functions: {}", loaded.error().message);
  }
  if (const auto loaded = async->load(); !loaded) {
    log::error("lambda: cannot read the stored events: {}", loaded.error().message);
  }
}

std::string Core::timestamp() const {
  std::string text = iso8601_ms(context.clock.now());
  text.pop_back();
  return text + "+0000";
}

Done Core::measured(TargetPtr target, bool other, Done done) {
  metrics->began({target->invoked_arn, other ? target->other_version : target->version});
  return
      [this, target = std::move(target), other, done = std::move(done)](Outcome outcome) mutable {
        using Result = InvocationMetrics::Result;
        const InvokedFunction function{target->invoked_arn,
                                       other ? target->other_version : target->version};
        if (outcome.ran()) {
          const bool error = outcome.kind == Outcome::Kind::kFunctionError;
          metrics->ended(function, error ? Result::kError : Result::kSuccess, outcome.duration_ms);
          if (other ? target->other_provisioned : target->provisioned) {
            metrics->provisioned(function, outcome.provisioned.in_use, outcome.provisioned.wanted);
          }
        } else if (outcome.kind == Outcome::Kind::kThrottled) {
          metrics->ended(function, Result::kThrottled, 0);
        } else {
          metrics->failed(function);
        }
        done(std::move(outcome));
      };
}

void Core::invoke(InvokeRequest request, Done done) {
  if (pool == nullptr) {
    refuse(done, Outcome::Kind::kFailed, "ServiceException", start_error);
    return;
  }
  const auto name = parse_function_name(request.function);
  const std::string_view qualifier = !request.qualifier.empty()
                                         ? std::string_view(request.qualifier)
                                         : (name ? name->qualifier : std::string_view());
  const TargetPtr target = name ? catalog->resolve(name->name, qualifier) : nullptr;
  if (target == nullptr) {
    refuse(done, Outcome::Kind::kNotFound, "ResourceNotFoundException",
           name ? catalog->not_found(name->name, qualifier).message
                : "Function not found: " + request.function);
    return;
  }
  if (!request.principal.empty() && !allows(target->policy.get(), request, *target, account())) {
    refuse(done, Outcome::Kind::kDenied, "AccessDeniedException",
           fmt::format("The resource policy of {} does not allow {} to invoke it from {}",
                       target->invoked_arn, request.principal, request.source_arn));
    return;
  }
  auto invocation = std::make_unique<Invocation>();
  invocation->request_id = request.request_id.empty() ? uuid_v4() : std::move(request.request_id);
  invocation->payload = request.payload.empty() ? "{}" : std::move(request.payload);
  invocation->invoked_arn = target->invoked_arn;
  const bool other = target->other_fleet && thread_draw().hit(target->other_weight);
  invocation->executed_version = other ? target->other_version : target->version;
  invocation->trace_header = std::move(request.trace_header);
  invocation->client_context = std::move(request.client_context);
  invocation->log_tail = request.log_tail;
  invocation->log_first = request.log_first;
  invocation->done =
      metrics == nullptr ? std::move(done) : measured(target, other, std::move(done));
  if (traces != nullptr) trace(*invocation, *target, name->name);
  if (invocation->trace_header.empty())
    invocation->trace_header = new_trace_header(context.clock.now());
  pool->invoke(other ? target->other_provisioned : target->provisioned,
               other ? target->other_fleet : target->fleet, std::move(invocation));
}

Service::Service(const services::Context& context,
                 Result<std::unique_ptr<sandbox::Sandbox>> sandbox, LogSink& logs,
                 TraceSink* traces)
    : impl_(std::make_unique<Impl>(context, std::move(sandbox), logs, traces)) {}

Service::~Service() { stop(); }

void Service::register_operations(aws::Registry& registry) {
  if (impl_->core.pool == nullptr) return;
  register_functions(registry, impl_->core);
  register_versions(registry, impl_->core);
  register_policies(registry, impl_->core);
  register_layers(registry, impl_->core);
  register_layer_policies(registry, impl_->core);
  register_settings(registry, impl_->core);
  register_provisioned(registry, impl_->core);
  register_invoke(registry, impl_->core);
}

void Service::resume() {
  Core& core = impl_->core;
  if (core.pool != nullptr) core.pool->begin_provisioning(core.catalog->provisioned_fleets());
}

void Service::set_metrics(InvocationMetrics* metrics) { impl_->core.metrics = metrics; }

Result<void> Service::may_invoke(const InvokeRequest& request) const {
  const Core& core = impl_->core;
  if (core.pool == nullptr) return fail(ErrorKind::kUnavailable, core.start_error);
  const auto name = parse_function_name(request.function);
  const TargetPtr target = name ? core.catalog->resolve(name->name, name->qualifier) : nullptr;
  if (target == nullptr)
    return fail(ErrorKind::kNotFound, "Function not found: " + request.function);
  if (!request.principal.empty() &&
      !allows(target->policy.get(), request, *target, core.account())) {
    return fail(ErrorKind::kInvalid,
                fmt::format("The resource policy of {} does not allow {} to invoke it",
                            target->invoked_arn, request.principal));
  }
  return {};
}

Result<void> Service::invoke_event(InvokeRequest request) {
  CHECK_OK(may_invoke(request));
  Core& core = impl_->core;
  request.request_id = uuid_v4();
  // Asked and answered: the retries do not ask again.
  request.principal.clear();
  if (core.metrics != nullptr)
    core.metrics->event_received(parse_function_name(request.function)->name);
  TRY(const bool taken, core.async->add(std::move(request)));
  if (!taken) return fail(ErrorKind::kUnavailable, "too many asynchronous events wait");
  return {};
}

void Service::invoke_async(InvokeRequest request, Done done) {
  impl_->core.invoke(std::move(request), std::move(done));
}

policy::PolicyPtr Service::function_policy(std::string_view name,
                                           std::string_view qualifier) const {
  if (impl_->core.catalog == nullptr) return nullptr;
  const auto target = impl_->core.catalog->resolve(name, qualifier);
  return target ? target->policy : nullptr;
}

void Service::review_events(const AsyncQueue::Review& payload_now) {
  if (impl_->core.async) impl_->core.async->review(payload_now);
}

void Service::hold_events_back() {
  if (impl_->core.async) impl_->core.async->hold_back();
}

std::vector<std::string> Service::isolation() const {
  if (impl_->core.sandbox == nullptr) return {"functions cannot run: " + impl_->core.start_error};
  const auto& found = impl_->core.sandbox->isolation();
  std::vector<std::string> out = {found.summary()};
  for (auto& gap : found.gaps()) out.push_back(std::move(gap));
  return out;
}

void Service::stop() {
  if (impl_->core.async) impl_->core.async->stop();
  if (impl_->core.pool) impl_->core.pool->stop();
}

}  // namespace dew::lambda
