// The pool: every execution environment of this machine, and every invocation that waits for one.
//
// A Fleet is the environments of one version of one function. An invocation takes its fleet's
// most recently used idle environment, of its own loop if there is one; else it waits while one is
// started. AWS starts one environment per concurrent invocation at once; a small machine cannot
// start dozens of interpreters together, so at most `max_starting` start at a time and whoever
// becomes free first serves the next in line.
//
// Concurrency is counted as AWS counts it: against the function's reserved concurrency, else
// against what the account's limit leaves unreserved.
//
// Provisioned concurrency is a fleet of its own, of which a number is kept ready whether anybody
// asks or not (pool_provisioned.cc). An invocation for which it has nobody free runs on demand.
//
// Thread-safe: one mutex over the books, held for well under a microsecond per invocation; nothing
// is called with it held. Everything about one environment happens on its loop.
//
// Limits: kAccountConcurrency, kMaxWaiting, kIdleTime; environments as the machine's memory allows.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <unordered_map>

#include "base/clock.h"
#include "services/lambda/environment.h"
#include "services/lambda/waiting_line.h"

namespace dew::lambda {

// docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
inline constexpr int kAccountConcurrency = 1000;
// PutFunctionConcurrency must leave this many unreserved.
inline constexpr int kMinUnreserved = 100;
inline constexpr size_t kMaxWaiting = 2000;
inline constexpr std::chrono::minutes kIdleTime{8};
// While a fleet has warm environments, an invocation waits this long for one of them before another
// is started: a fast function is back sooner than an interpreter starts, and a few busy processes
// get more done than many. It waits longer, namely as long as an environment of the fleet takes to
// start, while its turn is expected sooner than that: a machine that stalls for a moment would
// otherwise be given more interpreters to start. A fleet of fewer than
// PoolOptions::busy_environments also grows when somebody or other has been waiting for this long.
inline constexpr std::chrono::milliseconds kPatience{10};
// An environment is replaced when its credentials have this little left: what begins with them may
// take its fifteen minutes, and end with them.
inline constexpr std::chrono::minutes kCredentialMargin{16};

// After so many failures in a row to start, or ends of what nobody had asked for anything, a
// provisioned fleet is given up until it is put again.
inline constexpr int kProvisionTries = 3;

// Concurrency of one function, over all of its versions.
struct FunctionCount {
  int reserved = -1;  // -1: none
  int provisioned = 0;
  int in_flight = 0;
  int provisioned_in_flight = 0;  // of those, in provisioned environments

  // What nobody else may have of the account's concurrency: AWS counts provisioned concurrency into
  // the reserved.
  int claimed() const { return reserved >= 0 ? reserved : provisioned; }
};

struct Fleet {
  RevisionPtr revision;
  std::shared_ptr<FunctionCount> count;
  std::vector<EnvironmentPtr> idle;  // most recently used last
  WaitingLine waiting;
  int starting = 0;
  bool hungry = false;   // in the pool's list of fleets that want a start
  bool watched = false;  // a timer looks for invocations that have waited too long
  std::chrono::steady_clock::time_point last_ready;
  std::chrono::steady_clock::time_point queued_since;  // `waiting` has not been empty since then
  // Of the last few; 0: of none yet.
  double start_ms = 0;
  double run_ms = 0;
  std::set<EnvironmentPtr> all;
  // Of a fleet for provisioned concurrency.
  int wanted = 0;         // environments to be kept
  int failed_starts = 0;  // in a row
  std::string why_failed;
  int idle_deaths = 0;  // since the last invocation: processes that ended while nobody had asked
};
using FleetPtr = std::shared_ptr<Fleet>;

struct PoolOptions {
  size_t max_environments = 64;
  int max_starting = 4;
  // A fleet that always has somebody waiting grows to this many: two a core keep the cores busy
  // with functions that compute. Those that mostly wait themselves need more, and get them as their
  // invocations wait.
  size_t busy_environments = 4;

  static PoolOptions for_this_machine();
};

class Pool final : public EnvironmentOwner {
 public:
  // How an environment is prepared; may block; runs on a worker.
  struct Prepared {
    Launch launch;
    RoleCredentials credentials;
  };
  using Prepare = std::function<aws::ApiResult<Prepared>(const Revision&)>;
  // Calls back with the region, endpoint and API URL as they are now.
  using Facts = std::function<EnvironmentFacts()>;

  Pool(sandbox::Sandbox& sandbox, Runtimes& runtimes, LogSink& logs, const Clock& clock,
       net::Loops& loops, net::Workers& workers, Prepare prepare, Facts facts, PoolOptions options,
       TraceSink* traces = nullptr);
  ~Pool() override;

  FleetPtr make_fleet(RevisionPtr revision, std::shared_ptr<FunctionCount> count);
  // `reserved` -1: none. `provisioned`: over all of its versions.
  void set_limits(const std::shared_ptr<FunctionCount>& count, int reserved, int provisioned);
  int claimed_total() const;  // reserved and provisioned, of all functions
  // How many environments may be kept, of all functions together: the others are for whoever has
  // none. And how many are.
  int provisioned_limit() const { return static_cast<int>(options_.max_environments / 2); }
  int provisioned_total() const;
  // New code or configuration: environments of the old revision end when free.
  void update(const FleetPtr& fleet, RevisionPtr revision);
  void remove(const FleetPtr& fleet);  // of a deleted version

  // On any thread; calls back once. `provisioned` (may be null) serves it if it can, else `fleet`.
  void invoke(const FleetPtr& provisioned, const FleetPtr& fleet, InvocationPtr invocation);

  // Keeps `wanted` environments of a fleet of a provisioned revision.
  void provision(const FleetPtr& fleet, int wanted);
  // Failed starts are forgotten.
  void provision_again(const FleetPtr& fleet);
  // Until this, nothing is provisioned: functions call the cloud as they initialize. `fleets`: what
  // waits for it.
  void begin_provisioning(const std::vector<FleetPtr>& fleets);
  struct Provisioned {
    int wanted = 0;
    int ready = 0;       // initialized, busy or not
    std::string failed;  // why there will be no more of them; empty: there will
  };
  Provisioned provisioned(const FleetPtr& fleet) const;
  // Called with the function's name, on a worker, whenever a provisioned environment has become
  // ready. Before the first.
  void set_provisioned_ready(std::function<void(const std::string&)> call) {
    provisioned_ready_ = std::move(call);
  }

  // Kills everything and answers what waits. Not from a loop's thread.
  void stop();

 private:
  struct Start {
    FleetPtr fleet;
    EnvironmentPtr env;
    std::string phase;
  };

  void environment_ready(const EnvironmentPtr& env) override;
  void environment_free(const EnvironmentPtr& env, bool reusable) override;
  void environment_ended(const EnvironmentPtr& env, std::optional<Failure> start_failure,
                         InvocationPtr undelivered) override;

  // With the mutex held.
  EnvironmentPtr take_idle(Fleet& fleet);
  InvocationPtr take_waiting(Fleet& fleet);
  net::Loop& loop_for(const Fleet& fleet, const Invocation* first);
  EnvironmentPtr take_provisioned(const FleetPtr& fleet, Invocation& invocation,
                                  std::vector<EnvironmentPtr>& old);
  size_t missing(const Fleet& fleet) const;
  bool surplus(const Fleet& fleet) const;
  static void note_start(Fleet& fleet, const Failure* failure);
  static bool given_up(const Fleet& fleet);
  std::optional<Outcome> refuse(const Fleet& fleet) const;
  void count_in(Fleet& fleet);
  void count_out(Fleet& fleet);
  void want_start(const FleetPtr& fleet);
  static std::chrono::milliseconds patience(const Fleet& fleet);
  void watch(const FleetPtr& fleet);
  std::vector<Start> plan_starts();
  EnvironmentPtr evict_idle();
  bool outdated(const Environment& env, const Fleet& fleet) const;

  void begin(std::vector<Start> starts);
  void tell_ready(const Fleet& fleet);
  void ended();
  void on_patience_over(const FleetPtr& fleet);
  void prepare_failed(const Start& start, const aws::ApiError& error);
  void reap();
  void schedule_reap();

  sandbox::Sandbox& sandbox_;
  Runtimes& runtimes_;
  LogSink& logs_;
  TraceSink* traces_;
  const Clock& clock_;
  net::Loops& loops_;
  net::Workers& workers_;
  Prepare prepare_;
  Facts facts_;
  PoolOptions options_;
  std::function<void(const std::string&)> provisioned_ready_;

  mutable std::mutex mutex_;
  std::condition_variable empty_;  // no environment is left, and nobody is at the end of one
  int ending_ = 0;
  std::unordered_map<const Environment*, FleetPtr> fleets_;  // of every living environment
  std::list<FleetPtr> hungry_;
  int starting_ = 0;
  size_t waiting_ = 0;
  int claimed_total_ = 0;
  int provisioned_total_ = 0;
  int unreserved_in_flight_ = 0;
  bool provisioning_ = false;
  bool stopping_ = false;
  net::Timer reaper_;
};

}  // namespace dew::lambda
