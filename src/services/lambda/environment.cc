#include "services/lambda/environment.h"

#include <cmath>

#include "base/log.h"

namespace dew::lambda {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

// Measuring memory reads /proc, so a fast function is measured this often, a slow one every time.
constexpr milliseconds kPeakInterval{20};
// Lines are handed on in batches: with the invocation's END, at this much, or after this long.
constexpr size_t kFlushBytes = 32 * 1024;
constexpr milliseconds kFlushDelay{200};
constexpr double kMemoryOfOneCpuMb = 1769;
// AWS's scheduler lets small functions overrun their slice; a strict fourteenth of a CPU would be
// slower than theirs.
constexpr double kMinCpuShare = 0.25;

}  // namespace

double cpu_share(int memory_mb) { return std::max(kMinCpuShare, memory_mb / kMemoryOfOneCpuMb); }

Environment::Environment(net::Loop& loop, RevisionPtr revision, EnvironmentOwner& owner)
    : loop_(loop), revision_(std::move(revision)), owner_(owner) {}

void Environment::start(EnvironmentServices services, Launch launch,
                        const RoleCredentials& credentials, std::string_view phase) {
  services_.emplace(std::move(services));
  phase_ = phase;
  started_at_ = Steady::now();
  spawned_at_ = started_at_;
  access_key_ = credentials.access_key;
  const auto& config = revision_->config;
  stream_ =
      log_stream_name(services_->clock.now(),
                      config.logging.group.empty() ? "" : config.function_name, config.version);
  log_platform(platform().init_start(phase_));
  emit_ = [this](std::string_view text) { log_line(text); };

  net::ServerOptions options;
  options.body_bytes = 4 * limits::kInvocationBytes;  // what is too large is answered as AWS does
  options.inflate_requests = false;
  options.idle_timeout = std::chrono::hours(24);
  options.body_timeout = std::chrono::hours(1);
  options.write_timeout = std::chrono::hours(1);
  options.max_connections = 64;
  options.hold_for_pipelined = true;
  auto server = net::Server::listen(
      loop_, options, [weak = weak_from_this()](http::Request request, http::Responder respond) {
        if (auto self = weak.lock()) self->on_request(std::move(request), std::move(respond));
      });
  if (!server) {
    init_failed({"Sandbox.Failure", server.error().message, {}}, "error");
    return;
  }
  server_ = *std::move(server);

  EnvironmentFacts facts = services_->facts;
  facts.runtime_api = fmt::format("127.0.0.1:{}", server_->port());
  facts.log_stream = stream_;
  facts.initialization = revision_->initialization;
  sandbox::Spec spec;
  spec.environment = environment_variables(config, launch, credentials, facts);
  spec.argv = std::move(launch.argv);
  spec.binds = std::move(launch.binds);
  spec.working_directory = std::move(launch.working_directory);
  spec.limits.memory_bytes = static_cast<uint64_t>(config.memory_mb) * 1024 * 1024;
  spec.limits.tmp_bytes = static_cast<uint64_t>(config.tmp_mb) * 1024 * 1024;
  program_ = spec.argv.front();

  sandbox::ProcessEvents events;
  events.output = [weak = weak_from_this()](std::string_view bytes) {
    if (auto self = weak.lock()) self->on_output(bytes);
  };
  events.exit = [self = shared_from_this()](const sandbox::Exit& exit) { self->on_exit(exit); };
  const bool second_try = phase_ == "invoke";
  arm(second_try ? milliseconds(config.timeout_seconds * 1000) : milliseconds(kInitTimeout));
  services_->sandbox.spawn(
      loop_, std::move(spec), std::move(events),
      [self = shared_from_this()](auto process) { self->on_started(std::move(process)); });
}

void Environment::on_started(Result<std::shared_ptr<sandbox::Process>> process) {
  if (!process) {
    init_failed({"Sandbox.Failure", process.error().message, {}}, "error");
    return;
  }
  process_ = *std::move(process);
  spawned_at_ = Steady::now();
  if (shutting_down_ || state_ == State::kDead) process_->kill();
}

void Environment::assign(InvocationPtr invocation) {
  switch (state_) {
    case State::kIdle:
      invocation_ = std::move(invocation);
      deliver();
      return;
    case State::kReturning:
      assigned_ = std::move(invocation);
      return;
    case State::kStarting:
    case State::kBusy:
    case State::kDead:
      break;
  }
  // It died between the pool's choice and now.
  loop_.post([self = shared_from_this(), invocation = std::move(invocation)]() mutable {
    self->owner_.environment_ended(self, std::nullopt, std::move(invocation));
  });
}

void Environment::shutdown() {
  if (shutting_down_ || state_ == State::kDead) return;
  shutting_down_ = true;
  if (process_) process_->kill();  // else on_started() does
}

void Environment::retire() {
  if (state_ == State::kIdle) {
    shutdown();
  } else {
    retire_when_free_ = true;
  }
}

double Environment::ms_since_start() const {
  return duration<double, std::milli>(Steady::now() - started_at_).count();
}

void Environment::on_output(std::string_view bytes) {
  output_.feed(bytes, emit_);
  if (lines_.bytes() >= kFlushBytes) {
    flush_log();
  } else if (!lines_.empty()) {
    flush_log_soon();
  }
}

void Environment::on_exit(const sandbox::Exit& exit) {
  exited_ = true;
  output_.flush(emit_);
  Failure failure = exit_failure(exit, program_);
  if (exit.out_of_memory) peak_mb_ = revision_->config.memory_mb;
  if (state_ == State::kStarting && !shutting_down_) {
    init_failed(failure, "error");
    return;
  }
  if (state_ == State::kBusy && !timed_out_) {
    log_platform(platform().failure(
        invocation_->request_id, failure.message,
        failure.type == "Runtime.OutOfMemory" ? "Runtime.ExitError" : failure.type));
    fail_invocation(failure, "error");
  }
  finish_log();
  end(state_ == State::kStarting ? std::optional(std::move(failure)) : std::nullopt);
}

void Environment::init_failed(const Failure& failure, std::string_view status) {
  if (state_ == State::kDead) return;
  if (init_ms_ == 0) init_ms_ = ms_since_start();
  const PlatformLog::Init init{
      .duration_ms = init_ms_,
      .phase = phase_,
      .status = status,
      .error_type = status == "timeout" ? std::string_view() : failure.type};
  log_platform(platform().init_runtime_done(init));
  log_platform(platform().init_report(init));
  flush_log();
  end(failure);
}

void Environment::end(std::optional<Failure> start_failure) {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  if (trace_) finish_trace();
  timer_.cancel();
  flush_log();
  if (process_) process_->kill();
  // Not here: this may run inside a handler of the server's.
  loop_.post([self = shared_from_this(), failure = std::move(start_failure)]() mutable {
    self->next_ = http::Responder();
    self->server_.reset();
    self->process_.reset();
    self->owner_.environment_ended(self, std::move(failure), std::move(self->assigned_));
  });
}

void Environment::arm(milliseconds delay) {
  deadline_ = Steady::now() + delay;
  deadline_set_ = true;
  if (timer_armed_) return;  // fires earlier, and then waits for the rest
  timer_armed_ = true;
  timer_ = loop_.after(delay, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->on_timer();
  });
}

void Environment::on_timer() {
  timer_armed_ = false;
  if (!deadline_set_ || state_ == State::kDead) return;
  const auto now = Steady::now();
  if (now < deadline_) {
    arm(std::chrono::ceil<milliseconds>(deadline_ - now));
    return;
  }
  on_timeout();
}

void Environment::on_timeout() {
  const auto& config = revision_->config;
  if (state_ == State::kStarting) {
    timed_out_ = true;
    init_ms_ = ms_since_start();
    init_failed({"Sandbox.Timedout",
                 fmt::format("Task timed out after {}.00 seconds", config.timeout_seconds),
                 {}},
                "timeout");
    return;
  }
  if (state_ == State::kBusy) {
    timed_out_ = true;
    if (process_) {
      process_->drain_output();
      peak_mb();
    }
    output_.flush(emit_);
    log_platform(platform().timeout(invocation_->request_id));
    fail_invocation({"Sandbox.Timedout",
                     fmt::format("Task timed out after {}.00 seconds", config.timeout_seconds),
                     {}},
                    "timeout");
  }
  // Also a runtime that has answered and then does not come back for more.
  shutdown();
}

int Environment::peak_mb() {
  const auto now = Steady::now();
  if (process_ && (peak_mb_ == 0 || now - peak_at_ > kPeakInterval)) {
    peak_at_ = now;
    constexpr double kMb = 1024.0 * 1024.0;
    const auto mb =
        static_cast<int>(std::ceil(static_cast<double>(process_->peak_memory_bytes()) / kMb));
    peak_mb_ = std::max(peak_mb_, mb);
  }
  return std::min(peak_mb_, revision_->config.memory_mb);
}

void Environment::add_line(std::string_view text, std::string_view end) {
  if (keep_tail_) {
    tail_.append(text).append(end);
    if (tail_.size() > 2 * kLogTailBytes) tail_.erase(0, tail_.size() - kLogTailBytes);
  }
  lines_.add(services_->clock.now_ms(), text, end);
}

void Environment::log_platform(std::string_view text) {
  if (!text.empty()) add_line(text, {});
}

void Environment::log_line(std::string_view text) {
  const Logging& logging = revision_->config.logging;
  if (logging.json && level_of_line(text) < logging.application_level) return;
  if (logged_bytes_ + text.size() > kMaxLogBytesPerInvocation) {
    dropped_bytes_ += text.size();
    return;
  }
  logged_bytes_ += text.size() + 1;
  add_line(text, "\n");
}

void Environment::flush_log_soon() {
  if (flush_armed_) return;
  flush_armed_ = true;
  flush_timer_ = loop_.after(kFlushDelay, [weak = weak_from_this()] {
    if (auto self = weak.lock()) {
      self->flush_armed_ = false;
      self->flush_log();
    }
  });
}

void Environment::answer_start_failure(InvocationPtr invocation, const Failure& failure) {
  const std::string& id = invocation->request_id;
  if (invocation->trace) trace_start_failure(*invocation, failure);
  const bool timeout = failure.type == "Sandbox.Timedout";
  keep_tail_ = invocation->log_tail;
  const Report report{.request_id = id,
                      .duration_ms = init_ms_,
                      .init_ms = std::nullopt,
                      .memory_mb = revision_->config.memory_mb,
                      .peak_mb = peak_mb_,
                      .status = timeout ? "timeout" : "error",
                      .error_type = timeout ? std::string_view() : failure.type};
  log_platform(platform().start(id, invocation->executed_version));
  log_platform(timeout ? platform().timeout(id)
                       : platform().failure(id, failure.message, failure.type));
  log_platform(platform().end(report, 0));
  log_platform(platform().report(report));
  flush_log();
  Outcome outcome{.kind = Outcome::Kind::kFunctionError};
  outcome.payload = failure.document.empty() ? platform_error(id, failure.type, failure.message)
                                             : failure.document;
  outcome.duration_ms = init_ms_;
  outcome.request_id = id;
  outcome.executed_version = invocation->executed_version;
  outcome.log_tail =
      tail_.size() > kLogTailBytes ? tail_.substr(tail_.size() - kLogTailBytes) : tail_;
  invocation->done(std::move(outcome));
}

void Environment::flush_log() {
  if (lines_.empty()) return;
  LogSink& logs = services_->logs;
  const auto room = logs.append(revision_->log_group, stream_, lines_);
  lines_.clear();
  if (room == LogSink::Room::kEnough || !process_ || state_ == State::kDead) return;
  // Whoever prints faster than can be written waits at a full pipe, and nobody else does.
  if (!process_->pause_output()) return;
  logs.when_room(revision_->log_group, stream_, [weak = weak_from_this()] {
    if (auto self = weak.lock()) {
      self->loop_.post([self] {
        if (self->process_) self->process_->resume_output();
      });
    }
  });
}

}  // namespace dew::lambda
