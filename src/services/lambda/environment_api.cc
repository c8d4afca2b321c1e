// Environment's Runtime API: what a runtime asks and posts, and the invocation that it is about.
// docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#include "base/limits.h"
#include "json/json.h"
#include "services/lambda/environment.h"

namespace dew::lambda {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kVersionPath = "/2018-06-01/runtime/";

http::Response accepted() { return http::Response::json(202, R"({"status":"OK"})"); }

http::Response api_error(int status, std::string_view type, std::string_view message) {
  return http::Response::json(
      status, json::dump(json::Object{{"errorMessage", message}, {"errorType", type}}));
}

http::Response wrong_state() {
  return api_error(403, "InvalidStateTransition", "State transition is not allowed");
}

// The error document that a runtime posts goes to the caller as it is; one that is not JSON would
// break the caller, so it is wrapped.
std::string error_document(std::string body, std::string_view type) {
  if (const auto value = json::parse(body); value && value->is_object()) return body;
  return json::dump(json::Object{{"errorType", type}, {"errorMessage", std::move(body)}});
}

std::string error_type_of(const http::Request& request, std::string_view fallback) {
  const auto type = request.headers.get("Lambda-Runtime-Function-Error-Type");
  return std::string(type.empty() ? fallback : type);
}

}  // namespace

void Environment::on_request(http::Request request, http::Responder respond) {
  if (state_ == State::kDead || shutting_down_) {
    respond(api_error(410, "Sandbox.Shutdown", "The execution environment is shutting down"));
    return;
  }
  std::string_view path = request.path();
  const bool known = path.starts_with(kVersionPath);
  if (known) path.remove_prefix(kVersionPath.size());
  if (known && request.method == "GET" && path == "invocation/next") {
    on_next(std::move(respond));
    return;
  }
  constexpr std::string_view kInvocation = "invocation/";
  if (known && request.method == "POST" && path.starts_with(kInvocation)) {
    path.remove_prefix(kInvocation.size());
    const auto slash = path.find('/');
    const std::string id(path.substr(0, slash));  // outlives the request's own text
    const auto verb = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (verb == "response") return on_response(id, std::move(request), std::move(respond));
    if (verb == "error") return on_error(id, std::move(request), std::move(respond));
  }
  if (known && request.method == "POST" && path == "init/error") {
    on_init_error(std::move(request), std::move(respond));
    return;
  }
  respond(api_error(404, "NotFound", "404 page not found"));
}

void Environment::on_next(http::Responder respond) {
  switch (state_) {
    case State::kBusy:
      respond(wrong_state());
      return;
    case State::kIdle:  // the runtime asked again on another connection; the first one is stale
      next_ = std::move(respond);
      return;
    case State::kStarting:
      next_ = std::move(respond);
      init_ms_ = ms_since_start();
      ready_at_ = Steady::now();
      deadline_set_ = false;
      timer_.cancel();  // initialization's may be longer than the function's own
      timer_armed_ = false;
      state_ = State::kIdle;
      // AWS boosts initialization; from here on the share is what the memory size buys.
      if (process_) process_->set_cpus(cpu_share(revision_->config.memory_mb));
      log_init_done();
      owner_.environment_ready(shared_from_this());
      return;
    case State::kReturning:
      next_ = std::move(respond);
      deadline_set_ = false;
      state_ = State::kIdle;
      finish_log();
      if (trace_) finish_trace();
      if (assigned_) {
        invocation_ = std::move(assigned_);
        deliver();
      } else if (retire_when_free_) {
        shutdown();
      }
      return;
    case State::kDead:
      return;
  }
}

void Environment::deliver() {
  state_ = State::kBusy;
  delivered_at_ = Steady::now();
  timed_out_ = false;
  const milliseconds timeout{int64_t{revision_->config.timeout_seconds} * 1000};
  arm(timeout);
  Invocation& invocation = *invocation_;
  if (invocation.trace) begin_trace();
  init_traced_ = true;
  keep_tail_ = invocation.log_tail;
  tail_.clear();
  logged_bytes_ = 0;
  dropped_bytes_ = 0;
  log_platform(platform().start(invocation.request_id, invocation.executed_version));

  http::Response event;
  event.headers.reserve(8);
  event.headers.add("Content-Type", "application/json");
  event.headers.add("Lambda-Runtime-Aws-Request-Id", invocation.request_id);
  event.headers.add("Lambda-Runtime-Deadline-Ms",
                    std::to_string(SystemClock().now_ms() + timeout.count()));
  event.headers.add("Lambda-Runtime-Invoked-Function-Arn", invocation.invoked_arn);
  event.headers.add("Lambda-Runtime-Trace-Id", invocation.trace_header);
  if (!invocation.client_context.empty()) {
    event.headers.add("Lambda-Runtime-Client-Context", invocation.client_context);
  }
  event.body = std::move(invocation.payload);
  next_(std::move(event));
}

std::optional<http::Response> Environment::wrong_id(std::string_view id) const {
  if (state_ == State::kStarting || state_ == State::kIdle) return wrong_state();
  if (state_ == State::kReturning) {
    return id == open_id_ ? wrong_state()
                          : api_error(400, "InvalidRequestID", "Invalid request ID");
  }
  if (invocation_ && invocation_->request_id == id) return std::nullopt;
  return api_error(400, "InvalidRequestID", "Invalid request ID");
}

void Environment::on_response(std::string_view id, http::Request request, http::Responder respond) {
  if (auto refusal = wrong_id(id)) {
    respond(*std::move(refusal));
    return;
  }
  if (http::iequals(request.headers.get("Lambda-Runtime-Function-Response-Mode"), "streaming")) {
    respond(api_error(501, "Runtime.StreamingNotSupported",
                      "Dewpoint does not support response streaming yet"));
    fail_invocation(
        {"Runtime.StreamingNotSupported", "Dewpoint does not support response streaming yet", {}},
        "error");
    return;
  }
  if (request.body.size() > limits::kInvocationResponseBytes) {
    const std::string message = fmt::format("Exceeded maximum allowed payload size ({} bytes).",
                                            limits::kInvocationResponseBytes);
    respond(api_error(413, "RequestEntityTooLarge", message));
    Outcome outcome{.kind = Outcome::Kind::kFunctionError};
    outcome.payload = json::dump(json::Object{
        {"errorType", "Function.ResponseSizeTooLarge"},
        {"errorMessage",
         fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).",
                     limits::kInvocationResponseBytes)}});
    complete(std::move(outcome), "error", "Function.ResponseSizeTooLarge");
    return;
  }
  respond(accepted());
  if (!request.body.empty() && !json::check(request.body)) {
    const Failure failure{
        "Runtime.InvalidResponse", "The function's response is not valid JSON", {}};
    log_platform(platform().failure(invocation_->request_id, failure.message, failure.type));
    fail_invocation(failure, "error");
    return;
  }
  Outcome outcome{.kind = Outcome::Kind::kPayload};
  outcome.payload = std::move(request.body);
  complete(std::move(outcome), {}, {});
}

void Environment::on_error(std::string_view id, http::Request request, http::Responder respond) {
  if (auto refusal = wrong_id(id)) {
    respond(*std::move(refusal));
    return;
  }
  respond(accepted());
  const std::string type = error_type_of(request, "Runtime.UnknownReason");
  Outcome outcome{.kind = Outcome::Kind::kFunctionError};
  outcome.payload = error_document(std::move(request.body), type);
  if (outcome.payload.size() > limits::kInvocationResponseBytes) {
    outcome.payload =
        platform_error(invocation_->request_id, type, "The error document is too large");
  }
  complete(std::move(outcome), {}, {});
}

void Environment::on_init_error(http::Request request, http::Responder respond) {
  if (state_ != State::kStarting) {
    respond(wrong_state());
    return;
  }
  respond(accepted());
  const std::string type = error_type_of(request, "Runtime.Unknown");
  const Failure failure{type, {}, error_document(std::move(request.body), type)};
  if (process_) process_->drain_output();
  output_.flush(emit_);
  init_failed(failure, "error");
}

void Environment::fail_invocation(const Failure& failure, std::string_view status) {
  Outcome outcome{.kind = Outcome::Kind::kFunctionError};
  outcome.payload = platform_error(invocation_->request_id, failure.type, failure.message);
  complete(std::move(outcome), status, status == "error" ? failure.type : std::string_view());
}

void Environment::complete(Outcome outcome, std::string_view status, std::string_view error_type) {
  const auto took = Steady::now() - delivered_at_;
  duration_ms_ = std::chrono::duration<double, std::milli>(took).count();
  if (status == "timeout") duration_ms_ = revision_->config.timeout_seconds * 1000.0;
  status_ = status;
  error_type_ = error_type;
  InvocationPtr invocation = std::move(invocation_);
  open_id_ = invocation->request_id;
  outcome.duration_ms = duration_ms_;
  outcome.request_id = invocation->request_id;
  outcome.executed_version = invocation->executed_version;
  outcome.provisioned = invocation->provisioned;
  produced_bytes_ = outcome.payload.size();
  if (trace_) answer_trace(invocation, outcome);
  state_ = State::kReturning;
  if (invocation->log_tail) {
    // Its log belongs to the answer: everything written so far, then END and REPORT.
    if (process_ && !timed_out_) process_->drain_output();
    finish_log();
    outcome.log_tail = tail_.size() > kLogTailBytes ? tail_.substr(tail_.size() - kLogTailBytes)
                                                    : std::move(tail_);
    tail_.clear();
    keep_tail_ = false;
  } else if (invocation->log_first) {
    finish_log();
  }
  owner_.environment_free(shared_from_this(), reusable());
  invocation->done(std::move(outcome));
}

void Environment::log_init_done() {
  const PlatformLog::Init init{.duration_ms = init_ms_, .phase = phase_};
  log_platform(platform().init_runtime_done(init));
  log_platform(platform().init_report(init));
}

void Environment::finish_log() {
  if (open_id_.empty()) return;
  if (process_ && state_ != State::kDead && !timed_out_) process_->drain_output();
  output_.flush(emit_);
  if (dropped_bytes_ > 0) {
    log_platform(platform().dropped(dropped_bytes_, kMaxLogBytesPerInvocation));
    dropped_bytes_ = 0;
  }
  Report report{.request_id = open_id_,
                .duration_ms = duration_ms_,
                .memory_mb = revision_->config.memory_mb,
                .peak_mb = peak_mb(),
                .status = status_,
                .error_type = error_type_};
  if (!init_reported_) report.init_ms = init_ms_;
  init_reported_ = true;
  log_platform(platform().end(report, produced_bytes_));
  log_platform(platform().report(report));
  open_id_.clear();
  flush_log();
}

}  // namespace dew::lambda
