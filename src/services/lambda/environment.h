// An execution environment: one sandboxed process of one revision, behind its own Runtime API on a
// port of 127.0.0.1, serving one invocation at a time and staying warm in between.
// docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
//
// Life: kStarting until the runtime first asks for /next, then idle or busy in turns, kDead at the
// end. The caller gets its answer when the runtime posts it; from then until the next /next the
// environment is "returning": it may be given its next invocation already, which it hands back to
// the pool if the process dies before asking for it.
//
// Confined to its loop. The pool is called back on that loop's thread, never from inside assign()
// or shutdown().
//
// Limits: initialization kInitTimeout; the function's own timeout for everything after; output
// kMaxLogBytesPerInvocation; answers limits::kInvocationResponseBytes.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/server.h"
#include "sandbox/sandbox.h"
#include "services/lambda/invocation.h"
#include "services/lambda/log_sink.h"
#include "services/lambda/output_lines.h"
#include "services/lambda/platform_log.h"
#include "services/lambda/report.h"
#include "services/lambda/revision.h"
#include "services/lambda/runtimes.h"

namespace dew::lambda {

// docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: "The Init phase is limited
// to 10 seconds."
inline constexpr std::chrono::seconds kInitTimeout{10};
// AWS takes any amount of output and bills it. A disk has an end: past this, an invocation's lines
// are counted, not kept, and a line says so.
inline constexpr size_t kMaxLogBytesPerInvocation = 1024 * 1024 * 1024;

// Share of one CPU that a memory size buys: one whole CPU at 1,769 MB.
// docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
double cpu_share(int memory_mb);

struct Fleet;
class Environment;
using EnvironmentPtr = std::shared_ptr<Environment>;

// What the pool hears.
class EnvironmentOwner {
 public:
  virtual ~EnvironmentOwner() = default;
  virtual void environment_ready(const EnvironmentPtr& env) = 0;  // started; idle
  // Its invocation is over; the caller hears of it next. `reusable`: it may be assigned again.
  virtual void environment_free(const EnvironmentPtr& env, bool reusable) = 0;
  // It is gone. `start_failure` tells why it never was ready; `undelivered` is an invocation that
  // it had been assigned and that the function never saw.
  virtual void environment_ended(const EnvironmentPtr& env, std::optional<Failure> start_failure,
                                 InvocationPtr undelivered) = 0;
};

// What all environments share.
struct EnvironmentServices {
  sandbox::Sandbox& sandbox;
  Runtimes& runtimes;
  LogSink& logs;
  TraceSink* traces;
  const Clock& clock;
  EnvironmentFacts facts;  // region, endpoint, api_url
};

class Environment : public std::enable_shared_from_this<Environment> {
 public:
  Environment(net::Loop& loop, RevisionPtr revision, EnvironmentOwner& owner);

  net::Loop& loop() const { return loop_; }
  const RevisionPtr& revision() const { return revision_; }
  double init_ms() const { return init_ms_; }          // once it is ready
  double duration_ms() const { return duration_ms_; }  // of the last invocation, once it is over

  // Starts the process. `phase` is "init", or "invoke" for the second try that AWS makes as part of
  // the invocation; the function's timeout then holds.
  void start(EnvironmentServices services, Launch launch, const RoleCredentials& credentials,
             std::string_view phase);
  void assign(InvocationPtr invocation);
  void shutdown();  // kills at once; environment_ended follows
  void retire();    // shuts down as soon as the runtime is done with what it does
  // Answers an invocation for which this environment could not be started, in its log stream.
  void answer_start_failure(InvocationPtr invocation, const Failure& failure);

  // For the pool, under its own lock.
  std::weak_ptr<Fleet> fleet;
  std::chrono::steady_clock::time_point idle_since;
  int64_t credentials_expire_ms = 0;
  bool retired = false;  // end it once it is free

 private:
  enum class State { kStarting, kIdle, kBusy, kReturning, kDead };
  using Steady = std::chrono::steady_clock;

  // The Runtime API.
  void on_request(http::Request request, http::Responder respond);
  void on_next(http::Responder respond);
  void on_response(std::string_view id, http::Request request, http::Responder respond);
  void on_error(std::string_view id, http::Request request, http::Responder respond);
  void on_init_error(http::Request request, http::Responder respond);
  bool reusable() const { return !timed_out_ && !exited_ && !shutting_down_; }
  std::optional<http::Response> wrong_id(std::string_view id) const;

  // Invocations.
  void deliver();
  void complete(Outcome outcome, std::string_view status, std::string_view error_type);
  void finish_log();
  void log_init_done();
  void fail_invocation(const Failure& failure, std::string_view status);
  double ms_since_start() const;
  void arm(std::chrono::milliseconds delay);
  void on_timer();
  void on_timeout();

  // The process.
  void on_started(Result<std::shared_ptr<sandbox::Process>> process);
  void on_output(std::string_view bytes);
  void on_exit(const sandbox::Exit& exit);
  void init_failed(const Failure& failure, std::string_view status);
  void end(std::optional<Failure> start_failure);
  int peak_mb();

  // The trace (environment_trace.cc).
  void begin_trace();
  void answer_trace(const InvocationPtr& invocation, const Outcome& outcome);
  void finish_trace();
  void trace_start_failure(Invocation& invocation, const Failure& failure);
  ColdStart cold_start() const;
  TimePoint wall(Steady::time_point time) const;

  // The log.
  PlatformLog platform() const {
    return {revision_->config, services_->clock, revision_->initialization};
  }
  void log_platform(std::string_view text);
  void add_line(std::string_view text, std::string_view end);
  void log_line(std::string_view text);
  void flush_log();
  void flush_log_soon();

  net::Loop& loop_;
  RevisionPtr revision_;
  EnvironmentOwner& owner_;
  std::optional<EnvironmentServices> services_;
  std::string phase_;
  std::string program_;

  State state_ = State::kStarting;
  bool shutting_down_ = false;
  bool exited_ = false;
  bool retire_when_free_ = false;
  std::unique_ptr<net::Server> server_;
  std::shared_ptr<sandbox::Process> process_;
  http::Responder next_;      // the pending /next
  InvocationPtr invocation_;  // kBusy: the one the function has
  InvocationPtr assigned_;    // kReturning: the one after
  const Steady::time_point planned_at_ = Steady::now();
  Steady::time_point started_at_;
  Steady::time_point spawned_at_;
  Steady::time_point ready_at_;
  Steady::time_point delivered_at_;
  Steady::time_point deadline_;
  bool deadline_set_ = false;
  bool timed_out_ = false;
  net::Timer timer_;
  bool timer_armed_ = false;
  double init_ms_ = 0;
  bool init_reported_ = false;
  bool init_traced_ = false;
  std::string access_key_;
  std::shared_ptr<InvocationTrace> trace_;  // of the invocation that is out, or just back
  int peak_mb_ = 0;
  Steady::time_point peak_at_;

  std::string stream_;
  OutputLines output_;
  OutputLines::Emit emit_;
  TimedLines lines_;
  size_t logged_bytes_ = 0;  // by this invocation
  size_t dropped_bytes_ = 0;
  std::string tail_;
  bool keep_tail_ = false;
  net::Timer flush_timer_;
  bool flush_armed_ = false;
  // The invocation whose END and REPORT are still to be written.
  std::string open_id_;
  double duration_ms_ = 0;
  size_t produced_bytes_ = 0;
  std::string status_;
  std::string error_type_;
};

}  // namespace dew::lambda
