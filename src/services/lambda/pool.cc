#include "services/lambda/pool.h"

#include <sys/sysinfo.h>

#include <algorithm>
#include <cmath>

#include "base/log.h"

namespace dew::lambda {
namespace {

constexpr std::chrono::seconds kReapInterval{20};
constexpr std::chrono::seconds kStopDeadline{5};
// How often an invocation is given to another environment because the chosen one died before the
// function saw it.
constexpr int kMaxHandedBack = 5;
// AWS tries to initialize once ahead of the invocation and once within it.
constexpr int kStartTries = 2;
// An environment's floor in memory, for the number that a machine can hold.
constexpr size_t kMinEnvironmentMb = 48;
constexpr size_t kFewestEnvironments = 16;

// The mean of the last few.
void take_into(double& mean, double value) {
  constexpr double kWeight = 0.125;
  mean = mean <= 0 ? value : mean + kWeight * (value - mean);
}

void assign_on_its_loop(const EnvironmentPtr& env, InvocationPtr invocation) {
  if (env->loop().on_this_thread()) {
    env->assign(std::move(invocation));
    return;
  }
  env->loop().post(
      [env, invocation = std::move(invocation)]() mutable { env->assign(std::move(invocation)); });
}

void retire_on_its_loop(const EnvironmentPtr& env) {
  env->loop().post([env] { env->retire(); });
}

void answer(InvocationPtr invocation, Outcome outcome) {
  outcome.request_id = invocation->request_id;
  outcome.executed_version = invocation->executed_version;
  invocation->done(std::move(outcome));
}

Outcome failed(std::string message) {
  Outcome outcome{.kind = Outcome::Kind::kFailed};
  outcome.message = std::move(message);
  return outcome;
}

Outcome throttled(std::string reason, std::string message) {
  Outcome outcome{.kind = Outcome::Kind::kThrottled};
  outcome.code = std::move(reason);
  outcome.message = std::move(message);
  return outcome;
}

}  // namespace

PoolOptions PoolOptions::for_this_machine() {
  PoolOptions options;
  struct sysinfo info = {};
  if (::sysinfo(&info) == 0) {
    const size_t mb = info.totalram / 1024 * info.mem_unit / 1024;
    options.max_environments = std::clamp(mb / 2 / kMinEnvironmentMb, kFewestEnvironments,
                                          static_cast<size_t>(kAccountConcurrency));
  }
  options.max_starting = std::max(2, static_cast<int>(std::thread::hardware_concurrency()) * 2);
  options.busy_environments = static_cast<size_t>(options.max_starting);
  return options;
}

Pool::Pool(sandbox::Sandbox& sandbox, Runtimes& runtimes, LogSink& logs, const Clock& clock,
           net::Loops& loops, net::Workers& workers, Prepare prepare, Facts facts,
           PoolOptions options, TraceSink* traces)
    : sandbox_(sandbox),
      runtimes_(runtimes),
      logs_(logs),
      traces_(traces),
      clock_(clock),
      loops_(loops),
      workers_(workers),
      prepare_(std::move(prepare)),
      facts_(std::move(facts)),
      options_(options) {
  schedule_reap();
}

Pool::~Pool() { stop(); }

FleetPtr Pool::make_fleet(RevisionPtr revision, std::shared_ptr<FunctionCount> count) {
  auto fleet = std::make_shared<Fleet>();
  fleet->revision = std::move(revision);
  fleet->count = std::move(count);
  return fleet;
}

void Pool::set_limits(const std::shared_ptr<FunctionCount>& count, int reserved, int provisioned) {
  const std::scoped_lock lock(mutex_);
  // What is in flight moves between the pots with the function.
  const int on_demand = count->in_flight - count->provisioned_in_flight;
  if (count->reserved < 0 && reserved >= 0) unreserved_in_flight_ -= on_demand;
  if (count->reserved >= 0 && reserved < 0) unreserved_in_flight_ += on_demand;
  claimed_total_ -= count->claimed();
  provisioned_total_ += provisioned - count->provisioned;
  count->reserved = reserved;
  count->provisioned = provisioned;
  claimed_total_ += count->claimed();
}

int Pool::claimed_total() const {
  const std::scoped_lock lock(mutex_);
  return claimed_total_;
}

void Pool::update(const FleetPtr& fleet, RevisionPtr revision) {
  std::vector<EnvironmentPtr> old;
  {
    const std::scoped_lock lock(mutex_);
    fleet->revision = std::move(revision);
    old.swap(fleet->idle);
    for (const auto& env : fleet->all) env->retired = true;
  }
  for (const auto& env : old) retire_on_its_loop(env);
}

void Pool::remove(const FleetPtr& fleet) {
  std::vector<EnvironmentPtr> old;
  std::deque<InvocationPtr> waiting;
  {
    const std::scoped_lock lock(mutex_);
    old.swap(fleet->idle);
    waiting = fleet->waiting.take_all();
    waiting_ -= waiting.size();
    for (const auto& env : fleet->all) env->retired = true;
    fleet->wanted = 0;
    for (size_t i = 0; i < waiting.size(); ++i) count_out(*fleet);
  }
  for (const auto& env : old) retire_on_its_loop(env);
  for (auto& invocation : waiting) {
    answer(std::move(invocation), failed("The function was deleted"));
  }
}

std::optional<Outcome> Pool::refuse(const Fleet& fleet) const {
  if (stopping_) return failed("Dewpoint is shutting down");
  const FunctionCount& count = *fleet.count;
  if (count.reserved >= 0 && count.in_flight >= count.reserved) {
    return throttled("ReservedFunctionConcurrentInvocationLimitExceeded", "Rate Exceeded.");
  }
  if (count.reserved < 0 && fleet.revision->initialization == Initialization::kOnDemand &&
      unreserved_in_flight_ >= kAccountConcurrency - claimed_total_) {
    return throttled("ConcurrentInvocationLimitExceeded", "Rate Exceeded.");
  }
  return std::nullopt;
}

void Pool::count_in(Fleet& fleet) {
  ++fleet.count->in_flight;
  if (fleet.revision->initialization == Initialization::kProvisioned) {
    ++fleet.count->provisioned_in_flight;
  } else if (fleet.count->reserved < 0) {
    ++unreserved_in_flight_;
  }
}

void Pool::count_out(Fleet& fleet) {
  --fleet.count->in_flight;
  if (fleet.revision->initialization == Initialization::kProvisioned) {
    --fleet.count->provisioned_in_flight;
  } else if (fleet.count->reserved < 0) {
    --unreserved_in_flight_;
  }
}

void Pool::invoke(const FleetPtr& provisioned, const FleetPtr& fleet, InvocationPtr invocation) {
  std::optional<Outcome> refused;
  EnvironmentPtr env;
  std::vector<Start> starts;
  std::vector<EnvironmentPtr> old;
  {
    const std::scoped_lock lock(mutex_);
    if (provisioned && !refuse(*provisioned)) {
      env = take_provisioned(provisioned, *invocation, old);
    }
    if (!env) refused = refuse(*fleet);
    if (!env && !refused) {
      env = take_idle(*fleet);
      // One whose credentials have aged since, be it that the machine slept.
      while (env && outdated(*env, *fleet)) {
        env->retired = true;
        old.push_back(std::move(env));
        env = take_idle(*fleet);
      }
      if (!env && waiting_ >= kMaxWaiting) {
        refused =
            throttled("ConcurrentInvocationLimitExceeded",
                      "Rate Exceeded. This machine runs as many environments as it can hold.");
      }
    }
    if (!refused) {
      count_in(invocation->provisioned.in_use > 0 ? *provisioned : *fleet);
      if (!env) {
        invocation->loop = net::Loop::current();
        invocation->queued_at = std::chrono::steady_clock::now();
        if (fleet->waiting.empty()) fleet->queued_since = invocation->queued_at;
        fleet->waiting.push(std::move(invocation));
        ++waiting_;
        want_start(fleet);
        starts = plan_starts();
      }
    }
  }
  for (const auto& each : old) retire_on_its_loop(each);
  if (refused) {
    answer(std::move(invocation), *std::move(refused));
  } else if (env) {
    assign_on_its_loop(env, std::move(invocation));
  } else {
    begin(std::move(starts));
  }
}

void Pool::want_start(const FleetPtr& fleet) {
  if (fleet->hungry) return;
  const bool missing = this->missing(*fleet) > 0;
  if (!missing && fleet->waiting.size() <= static_cast<size_t>(fleet->starting)) return;
  if (!missing && fleet->all.size() > static_cast<size_t>(fleet->starting)) {
    const bool few = fleet->all.size() < options_.busy_environments;
    const auto queued_at = few ? fleet->queued_since : fleet->waiting.front().queued_at;
    const auto since = std::max(queued_at, fleet->last_ready);
    if (std::chrono::steady_clock::now() - since < (few ? kPatience : patience(*fleet))) {
      watch(fleet);
      return;
    }
  }
  fleet->hungry = true;
  hungry_.push_back(fleet);
}

std::chrono::milliseconds Pool::patience(const Fleet& fleet) {
  const auto warm = static_cast<double>(fleet.all.size() - static_cast<size_t>(fleet.starting));
  const double turn_ms = fleet.run_ms * (1 + static_cast<double>(fleet.waiting.size()) / warm);
  if (fleet.run_ms <= 0 || turn_ms >= fleet.start_ms) return kPatience;
  return std::max(kPatience, std::chrono::milliseconds(std::lround(fleet.start_ms)));
}

void Pool::watch(const FleetPtr& fleet) {
  if (fleet->watched || stopping_) return;
  fleet->watched = true;
  net::Loop* here = net::Loop::current();
  net::Loop& loop = here != nullptr ? *here : loops_.next();
  loop.after(kPatience,
             [this, weak = std::weak_ptr(fleet)] {
               if (const auto alive = weak.lock()) on_patience_over(alive);
             })
      .detach();
}

void Pool::on_patience_over(const FleetPtr& fleet) {
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    fleet->watched = false;
    want_start(fleet);
    starts = plan_starts();
    if (fleet->waiting.size() > static_cast<size_t>(fleet->starting)) watch(fleet);
  }
  begin(std::move(starts));
}

EnvironmentPtr Pool::evict_idle() {
  EnvironmentPtr oldest;
  Fleet* owner = nullptr;
  for (const auto& [env, fleet] : fleets_) {
    if (fleet->wanted > 0) continue;
    if (!fleet->idle.empty() && (!oldest || fleet->idle.front()->idle_since < oldest->idle_since)) {
      oldest = fleet->idle.front();
      owner = fleet.get();
    }
  }
  if (oldest) {
    owner->idle.erase(owner->idle.begin());
    oldest->retired = true;
  }
  return oldest;
}

std::vector<Pool::Start> Pool::plan_starts() {
  std::vector<Start> out;
  while (!stopping_ && !hungry_.empty() && starting_ < options_.max_starting) {
    const FleetPtr fleet = hungry_.front();
    const bool missing = this->missing(*fleet) > 0;
    const bool awaited = fleet->waiting.size() > static_cast<size_t>(fleet->starting);
    if (!missing && !awaited) {
      fleet->hungry = false;
      hungry_.pop_front();
      continue;
    }
    if (fleets_.size() >= options_.max_environments) {
      // Full: an idle environment of whoever used one longest ago makes room.
      const EnvironmentPtr evicted = evict_idle();
      if (evicted) retire_on_its_loop(evicted);
      break;  // its end plans again
    }
    if (!missing && fleet->all.size() > static_cast<size_t>(fleet->starting)) {
      fleet->hungry = false;  // one at a time while others are warm
      hungry_.pop_front();
    } else {
      hungry_.splice(hungry_.end(), hungry_, hungry_.begin());  // fleets take turns
    }
    const Invocation* first =
        awaited ? &fleet->waiting.at(static_cast<size_t>(fleet->starting)) : nullptr;
    auto env = std::make_shared<Environment>(loop_for(*fleet, first), fleet->revision, *this);
    ++fleet->starting;
    ++starting_;
    env->fleet = fleet;
    fleets_.emplace(env.get(), fleet);
    fleet->all.insert(env);
    out.push_back({fleet, env, !first || first->starts_failed == 0 ? "init" : "invoke"});
  }
  return out;
}

void Pool::begin(std::vector<Start> starts) {
  for (auto& start : starts) {
    // Credentials and the first look for an interpreter may block.
    workers_.post([this, start = std::move(start)] {
      auto prepared = prepare_(*start.env->revision());
      start.env->loop().post([this, start, prepared = std::move(prepared)]() mutable {
        if (!prepared) {
          prepare_failed(start, prepared.error());
          return;
        }
        start.env->credentials_expire_ms = prepared->credentials.expires_ms;
        start.env->start({sandbox_, runtimes_, logs_, traces_, clock_, facts_()},
                         std::move(prepared->launch), prepared->credentials, start.phase);
      });
    });
  }
}

void Pool::prepare_failed(const Start& start, const aws::ApiError& error) {
  InvocationPtr invocation;
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    Fleet& fleet = *start.fleet;
    --fleet.starting;
    --starting_;
    ++ending_;
    fleets_.erase(start.env.get());
    fleet.all.erase(start.env);
    const Failure failure{error.code, error.message, {}};
    note_start(fleet, &failure);
    if (!fleet.waiting.empty()) {
      invocation = fleet.waiting.take_first();
      --waiting_;
      count_out(fleet);
    }
    want_start(start.fleet);
    starts = plan_starts();
  }
  begin(std::move(starts));
  if (invocation) {
    Outcome outcome = failed(error.message);
    outcome.code = error.code;
    answer(std::move(invocation), std::move(outcome));
  }
  ended();
}

// The last act of whoever took an environment out: a pool that stops waits for it, and may be gone
// afterwards.
void Pool::ended() {
  const std::scoped_lock lock(mutex_);
  if (--ending_ == 0 && fleets_.empty()) empty_.notify_all();
}

bool Pool::outdated(const Environment& env, const Fleet& fleet) const {
  return env.retired || env.revision() != fleet.revision ||
         env.credentials_expire_ms - clock_.now_ms() <
             std::chrono::milliseconds(kCredentialMargin).count();
}

void Pool::environment_ready(const EnvironmentPtr& env) {
  InvocationPtr next;
  std::vector<Start> starts;
  bool retire = false;
  {
    const std::scoped_lock lock(mutex_);
    const FleetPtr fleet = fleets_.at(env.get());
    --fleet->starting;
    --starting_;
    fleet->last_ready = std::chrono::steady_clock::now();
    take_into(fleet->start_ms, env->init_ms());
    note_start(*fleet, nullptr);
    retire = outdated(*env, *fleet) || stopping_ || (fleet->waiting.empty() && surplus(*fleet));
    if (retire) env->retired = true;
    if (!retire && !fleet->waiting.empty()) {
      next = take_waiting(*fleet);
    } else if (!retire) {
      env->idle_since = std::chrono::steady_clock::now();
      fleet->idle.push_back(env);
    }
    if (!retire) tell_ready(*fleet);
    want_start(fleet);
    starts = plan_starts();
  }
  if (retire) {
    env->retire();
  } else if (next) {
    env->assign(std::move(next));
  }
  begin(std::move(starts));
}

void Pool::environment_free(const EnvironmentPtr& env, bool reusable) {
  InvocationPtr next;
  bool retire = false;
  {
    const std::scoped_lock lock(mutex_);
    const FleetPtr fleet = fleets_.at(env.get());
    count_out(*fleet);
    take_into(fleet->run_ms, env->duration_ms());
    fleet->idle_deaths = 0;
    if (!reusable) {
      env->retired = true;
    } else if (outdated(*env, *fleet) || surplus(*fleet) || stopping_) {
      env->retired = true;
      retire = true;
    } else if (!fleet->waiting.empty()) {
      next = take_waiting(*fleet);
    } else {
      env->idle_since = std::chrono::steady_clock::now();
      fleet->idle.push_back(env);
    }
  }
  if (retire) env->retire();
  if (next) env->assign(std::move(next));
}

void Pool::environment_ended(const EnvironmentPtr& env, std::optional<Failure> start_failure,
                             InvocationPtr undelivered) {
  InvocationPtr lost;
  InvocationPtr unstarted;
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    ++ending_;
    const FleetPtr fleet = env->fleet.lock();
    const bool first =
        fleets_.erase(env.get()) > 0;  // else told before; only an invocation is left
    if (undelivered && fleet && ++undelivered->handed_back <= kMaxHandedBack && !stopping_) {
      fleet->waiting.push_first(std::move(undelivered));
      ++waiting_;
    } else if (undelivered) {
      lost = std::move(undelivered);
      if (fleet) count_out(*fleet);
    }
    if (fleet && first) {
      if (std::erase(fleet->idle, env) > 0 && !env->retired) ++fleet->idle_deaths;
      fleet->all.erase(env);
      if (start_failure) {
        --fleet->starting;
        --starting_;
        note_start(*fleet, &*start_failure);
        if (!fleet->waiting.empty() &&
            (++fleet->waiting.front().starts_failed >= kStartTries || stopping_)) {
          unstarted = fleet->waiting.take_first();
          --waiting_;
          count_out(*fleet);
        }
      }
    }
    if (fleet) want_start(fleet);
    starts = plan_starts();
  }
  begin(std::move(starts));
  if (lost) answer(std::move(lost), failed("The execution environment ended unexpectedly"));
  if (unstarted) env->answer_start_failure(std::move(unstarted), *start_failure);
  ended();
}

void Pool::schedule_reap() {
  reaper_ = loops_.first().after(kReapInterval, [this] { reap(); });
}

void Pool::reap() {
  std::vector<EnvironmentPtr> old;
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    const auto cutoff = std::chrono::steady_clock::now() - kIdleTime;
    std::set<FleetPtr> seen;
    for (const auto& [env, fleet] : fleets_) {
      if (!seen.insert(fleet).second) continue;
      std::erase_if(fleet->idle, [&](const EnvironmentPtr& idle) {
        const bool unused = fleet->wanted == 0 && idle->idle_since < cutoff;
        const bool gone = unused || outdated(*idle, *fleet);
        if (gone) {
          idle->retired = true;
          old.push_back(idle);
        }
        return gone;
      });
    }
    for (const auto& fleet : seen) want_start(fleet);  // what is kept is replaced at once
    starts = plan_starts();
  }
  begin(std::move(starts));
  for (const auto& env : old) retire_on_its_loop(env);
  schedule_reap();
}

void Pool::stop() {
  std::vector<EnvironmentPtr> all;
  std::vector<InvocationPtr> waiting;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    for (const auto& [env, fleet] : fleets_) {
      fleet->idle.clear();
      for (const auto& each : fleet->all) {
        if (each.get() == env) all.push_back(each);
      }
    }
    hungry_.clear();
    for (const auto& env : all) {
      Fleet& fleet = *fleets_.at(env.get());
      waiting_ -= fleet.waiting.size();
      for (auto& invocation : fleet.waiting.take_all()) waiting.push_back(std::move(invocation));
    }
  }
  reaper_.cancel();
  for (auto& invocation : waiting)
    answer(std::move(invocation), failed("Dewpoint is shutting down"));
  for (const auto& env : all) env->loop().post([env] { env->shutdown(); });
  std::unique_lock lock(mutex_);
  if (!empty_.wait_for(lock, kStopDeadline, [this] { return fleets_.empty() && ending_ == 0; })) {
    log::warn("{} execution environments did not end in time", fleets_.size());
  }
}

}  // namespace dew::lambda
