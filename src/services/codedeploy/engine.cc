#include "services/codedeploy/engine.h"

namespace dew::codedeploy {

namespace {

json::Object error_information(std::string_view code, std::string_view message) {
  return {{"code", code}, {"message", message}};
}

}  // namespace

Engine::Engine(const services::Context& context, Repository& repository, ServiceRole& role,
               AlarmSource* alarms, Execute execute)
    : context_(context),
      repository_(repository),
      role_(role),
      alarms_(alarms),
      execute_(std::move(execute)) {}

Engine::~Engine() { stop(); }

void Engine::stop() {
  stopped_ = true;
  std::unique_ptr<net::Workers> thread;
  {
    const std::scoped_lock lock(thread_mutex_);
    thread = std::move(thread_);
  }
  thread.reset();
  const std::scoped_lock lock(timers_mutex_);
  for (auto& [id, timers] : timers_) {
    timers.step.cancel();
    timers.poll.cancel();
  }
  timers_.clear();
}

void Engine::post(net::Task task) {
  if (execute_) return execute_(std::move(task));
  const std::scoped_lock lock(thread_mutex_);
  if (stopped_) return;
  if (thread_ == nullptr) thread_ = std::make_unique<net::Workers>(1);
  thread_->post(std::move(task));
}

void Engine::wake(const std::string& id) {
  post([this, id, hold = context_.clock.hold()] { advance(id); });
}

void Engine::resume() {
  const auto read = services::scan(repository_.store(), Repository::running(), {},
                                   [&](std::string_view, const json::Object& record) {
                                     const auto id = json::string_or(record, "id");
                                     log::info("codedeploy: going on with deployment {}", id);
                                     watch_alarms(id);
                                     wake(id);
                                     return true;
                                   });
  if (!read) log::error("codedeploy: cannot read the deployments: {}", read.error().message);
}

void Engine::wait_until(const std::string& id, int64_t due_ms) {
  auto timer = context_.clock.at(
      TimePoint(std::chrono::milliseconds(due_ms)),
      [this, id](const ClockHold& hold) { post([this, id, hold] { advance(id); }); });
  const std::scoped_lock lock(timers_mutex_);
  auto& mine = timers_[id].step;
  mine.cancel();
  mine = std::move(timer);
}

void Engine::watch_alarms(const std::string& id) {
  auto timer = context_.clock.after(kAlarmPoll, [this, id](const ClockHold& hold) {
    post([this, id, hold] {
      auto found = repository_.deployment(id);
      if (stopped_ || !found || found->ended() || found->alarms.empty()) return;
      if (check_alarms(*found)) {
        watch_alarms(id);
      } else {
        advance(id);
      }
    });
  });
  const std::scoped_lock lock(timers_mutex_);
  auto& mine = timers_[id].poll;
  mine.cancel();
  mine = std::move(timer);
}

void Engine::advance(const std::string& id) {
  while (!stopped_) {
    auto found = repository_.deployment(id);
    if (!found) {
      log::error("codedeploy: cannot read deployment {}: {}", id, found.error().message);
      return;
    }
    if (found->ended()) {
      const std::scoped_lock lock(timers_mutex_);
      if (const auto it = timers_.find(id); it != timers_.end()) {
        it->second.step.cancel();
        it->second.poll.cancel();
        timers_.erase(it);
      }
      return;
    }
    if (!step(*found)) return;
  }
}

bool Engine::change(Deployment& deployment, const Change& edit) {
  const std::scoped_lock lock(repository_.mutex());
  auto fresh = repository_.deployment(deployment.id);
  if (!fresh) {
    log::error("codedeploy: cannot read deployment {}: {}", deployment.id, fresh.error().message);
    return false;
  }
  edit(*fresh);
  fresh->updated = repository_.now();
  store::Batch batch;
  repository_.put(batch, *fresh);
  if (const auto committed = repository_.store().commit(batch); !committed) {
    log::error("codedeploy: cannot store deployment {}: {}", deployment.id,
               committed.error().message);
    return false;
  }
  deployment = *std::move(fresh);
  return true;
}

bool Engine::step(Deployment& d) {
  if (!d.stop.empty()) {
    const bool alarm = d.stop == "alarm";
    end(d, "Stopped",
        alarm ? Failure{"ALARM_ACTIVE", d.stop_reason}
              : Failure{"MANUAL_STOP", "The deployment was stopped on request."},
        alarm ? "DEPLOYMENT_STOP_ON_ALARM" : "DEPLOYMENT_STOP_ON_REQUEST");
    return true;
  }
  switch (d.phase) {
    case Phase::kCreated:
      return change(d, [](Deployment& now) {
        now.phase = Phase::kQueued;
        now.status = "Queued";
      });
    case Phase::kQueued:
      if (!d.alarms.empty()) watch_alarms(d.id);
      return change(d, [](Deployment& now) { now.phase = Phase::kPrepare; });
    case Phase::kPrepare:
      return prepare(d);
    case Phase::kBefore:
      return invoke_hook(d, kBeforeAllowTraffic);
    case Phase::kBeforeReply:
      return await_hook(d, kBeforeAllowTraffic);
    case Phase::kShift:
      return shift(d);
    case Phase::kBake:
      if (context_.clock.now_ms() >= d.due_ms) {
        return change(d, [](Deployment& now) { now.phase = Phase::kShift; });
      }
      wait_until(d.id, d.due_ms);
      return false;
    case Phase::kAfter:
      return invoke_hook(d, kAfterAllowTraffic);
    case Phase::kAfterReply:
      return await_hook(d, kAfterAllowTraffic);
    case Phase::kComplete:
      succeed(d);
      return true;
    case Phase::kEnded:
      break;
  }
  return false;
}

Deployment Engine::make_rollback(const Deployment& failed) const {
  Deployment d;
  d.id = new_deployment_id();
  d.application = failed.application;
  d.application_id = failed.application_id;
  d.group = failed.group;
  d.group_id = failed.group_id;
  d.config = kAllAtOnceConfig;
  d.description = fmt::format("Takes {} back to version {}, after deployment {}", target_id(failed),
                              failed.spec.current, failed.id);
  d.creator = "codeDeployRollback";
  d.role = failed.role;
  d.spec = {
      failed.spec.function, failed.spec.alias, failed.spec.target, failed.spec.current, "", ""};
  const auto text = to_text(d.spec);
  d.revision = {
      {"revisionType", "AppSpecContent"},
      {"appSpecContent", json::Object{{"content", text}, {"sha256", revision_sha(text)}}}};
  d.previous_revision = failed.revision;
  d.created = repository_.now();
  d.updated = d.created;
  d.rollback_info = {{"rollbackTriggeringDeploymentId", failed.id},
                     {"rollbackMessage", fmt::format("Rolling back deployment {}", failed.id)}};
  return d;
}

// The end of one deployment and the beginning of its rollback are one commit: no crash comes
// between them.
void Engine::end(Deployment& deployment, std::string_view status, const Failure& failure,
                 std::string_view rollback_event) {
  std::string next;
  {
    const std::scoped_lock lock(repository_.mutex());
    auto fresh = repository_.deployment(deployment.id);
    if (!fresh) return;
    auto& d = *fresh;
    const bool prepared = d.phase > Phase::kPrepare;
    d.status = status;
    d.phase = Phase::kEnded;
    d.completed = d.updated = repository_.now();
    if (!failure.code.empty()) d.error = error_information(failure.code, failure.message);
    for (auto& event : d.events) {
      if (event.status == "InProgress") {
        event.status = status == "Stopped" ? "Skipped" : "Failed";
        event.ended = d.completed;
        event.error = failure.message;
      } else if (event.status == "Pending") {
        event.status = "Skipped";
      }
    }
    store::Batch batch;
    const bool wanted = rollback_event == "DEPLOYMENT_STOP_ON_REQUEST"
                            ? d.stop_rollback
                            : d.rolls_back_on(rollback_event);
    std::optional<Deployment> rollback;
    if (wanted && prepared && !d.is_rollback()) {
      rollback = make_rollback(d);
      d.rollback_info = {
          {"rollbackDeploymentId", rollback->id},
          {"rollbackMessage", fmt::format("Deployment {} takes the traffic back to version {}",
                                          rollback->id, d.spec.current)}};
      repository_.put_new(batch, *rollback);
      next = rollback->id;
    }
    repository_.put(batch, d);
    auto group = repository_.find_group_by_id(d.group_id);
    if (group && *group) {
      auto& record = **group;
      json::Object last{{"deploymentId", d.id},
                        {"status", d.status},
                        {"endTime", d.completed},
                        {"createTime", d.created}};
      if (d.status == "Succeeded") {
        record["lastSuccessfulDeployment"] = last;
        record["targetRevision"] = d.revision;
      }
      record["lastAttemptedDeployment"] = std::move(last);
      if (rollback) {
        record["activeDeployment"] = rollback->id;
      } else {
        record.erase("activeDeployment");
      }
      repository_.put_group(batch, record);
    }
    if (const auto committed = repository_.store().commit(batch); !committed) {
      log::error("codedeploy: cannot store deployment {}: {}", d.id, committed.error().message);
      return;
    }
    deployment = std::move(d);
  }
  log::info("codedeploy: deployment {} {}{}", deployment.id, deployment.status,
            failure.code.empty() ? "" : ": " + failure.code);
  if (!next.empty()) wake(next);
}

void Engine::succeed(Deployment& d) {
  // A rollback tells in its own record, too, how it went.
  if (d.is_rollback()) {
    change(d, [](Deployment& now) {
      now.rollback_info["rollbackMessage"] =
          fmt::format("The traffic is back on version {}", now.spec.target);
    });
  }
  end(d, "Succeeded", {}, "");
}

}  // namespace dew::codedeploy
