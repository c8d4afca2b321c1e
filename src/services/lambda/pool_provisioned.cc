// The pool's provisioned concurrency: fleets of which a number of environments is kept ready.
// docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
#include <algorithm>

#include "services/lambda/pool.h"

namespace dew::lambda {
namespace {

bool lives(const EnvironmentPtr& env) { return !env->retired; }

}  // namespace

int Pool::provisioned_total() const {
  const std::scoped_lock lock(mutex_);
  return provisioned_total_;
}

// Environments that are to be started, beside those that are.
size_t Pool::missing(const Fleet& fleet) const {
  if (fleet.wanted == 0 || !provisioning_ || stopping_ || given_up(fleet)) return 0;
  const auto living = static_cast<size_t>(std::ranges::count_if(fleet.all, lives));
  const auto wanted = static_cast<size_t>(fleet.wanted);
  return wanted > living ? wanted - living : 0;
}

bool Pool::given_up(const Fleet& fleet) {
  return fleet.failed_starts >= kProvisionTries || fleet.idle_deaths >= kProvisionTries;
}

// More than are to be kept.
bool Pool::surplus(const Fleet& fleet) const {
  return fleet.revision->initialization == Initialization::kProvisioned &&
         std::ranges::count_if(fleet.all, lives) > fleet.wanted;
}

// null: it is ready.
void Pool::note_start(Fleet& fleet, const Failure* failure) {
  fleet.failed_starts = failure == nullptr ? 0 : fleet.failed_starts + 1;
  fleet.why_failed = failure == nullptr          ? ""
                     : failure->document.empty() ? failure->type + ": " + failure->message
                                                 : failure->document;
}

// With the mutex held: a pool that stops waits for whoever is told.
void Pool::tell_ready(const Fleet& fleet) {
  if (fleet.revision->initialization != Initialization::kProvisioned || !provisioned_ready_) return;
  ++ending_;
  workers_.post([this, function = fleet.revision->config.function_name] {
    provisioned_ready_(function);
    ended();
  });
}

EnvironmentPtr Pool::take_provisioned(const FleetPtr& fleet, Invocation& invocation,
                                      std::vector<EnvironmentPtr>& old) {
  EnvironmentPtr env = take_idle(*fleet);
  while (env && outdated(*env, *fleet)) {
    env->retired = true;
    old.push_back(std::move(env));
    want_start(fleet);
    env = take_idle(*fleet);
  }
  if (!env) return nullptr;
  const auto ready = static_cast<int>(std::ranges::count_if(fleet->all, lives)) - fleet->starting;
  invocation.provisioned = {.in_use = std::max(1, ready - static_cast<int>(fleet->idle.size())),
                            .wanted = fleet->wanted};
  return env;
}

void Pool::provision(const FleetPtr& fleet, int wanted) {
  std::vector<EnvironmentPtr> old;
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    fleet->wanted = wanted;
    // Those that are busy or starting go when they are free.
    while (surplus(*fleet) && !fleet->idle.empty()) {
      old.push_back(std::move(fleet->idle.front()));
      fleet->idle.erase(fleet->idle.begin());
      old.back()->retired = true;
    }
    want_start(fleet);
    starts = plan_starts();
  }
  begin(std::move(starts));
  for (const auto& env : old) {
    env->loop().post([env] { env->retire(); });
  }
}

void Pool::provision_again(const FleetPtr& fleet) {
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    note_start(*fleet, nullptr);
    fleet->idle_deaths = 0;
    want_start(fleet);
    starts = plan_starts();
  }
  begin(std::move(starts));
}

void Pool::begin_provisioning(const std::vector<FleetPtr>& fleets) {
  std::vector<Start> starts;
  {
    const std::scoped_lock lock(mutex_);
    provisioning_ = true;
    for (const auto& fleet : fleets) want_start(fleet);
    starts = plan_starts();
  }
  begin(std::move(starts));
}

Pool::Provisioned Pool::provisioned(const FleetPtr& fleet) const {
  const std::scoped_lock lock(mutex_);
  Provisioned out{.wanted = fleet->wanted};
  const auto living = static_cast<int>(std::ranges::count_if(fleet->all, lives));
  out.ready = std::max(0, living - fleet->starting);
  if (given_up(*fleet)) {
    out.failed = fleet->why_failed.empty() ? "the process ended while it waited for an event"
                                           : fleet->why_failed;
  }
  return out;
}

}  // namespace dew::lambda
