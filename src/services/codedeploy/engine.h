// Engine: carries deployments out. A deployment is a durable state machine on the cloud's clock
// (docs/decisions/0009-a-deployment-is-a-durable-state-machine.md): each step reads the record,
// does one thing that may be done again, and writes the next state; what waits, waits on the clock.
// After a crash, resume() takes every running deployment up at the step it was in.
//
// One deployment's steps run one after the other, all on one thread of the engine's own, so that
// neither a stack that waits for a deployment nor a busy worker keeps one from going on.
// Thread-safe. stop() before what the context refers to goes.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "services/codedeploy/alarm_source.h"
#include "services/codedeploy/repository.h"
#include "services/codedeploy/service_role.h"

namespace dew::codedeploy {

// docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html: "The
// Lambda function must … within one hour".
inline constexpr std::chrono::hours kHookTimeout{1};
inline constexpr std::chrono::seconds kAlarmPoll{5};

class Engine {
 public:
  using Execute = std::function<void(net::Task)>;

  // An empty `execute` is a thread that is started with the first deployment.
  Engine(const services::Context& context, Repository& repository, ServiceRole& role,
         AlarmSource* alarms, Execute execute);
  ~Engine();

  // Goes on with a deployment whose record has changed.
  void wake(const std::string& id);
  // Once the other services can be called.
  void resume();
  void stop();
  bool stopped() const { return stopped_; }

  // With the repository's mutex held: a new deployment that takes the alias back. Part of `batch`.
  Deployment make_rollback(const Deployment& failed) const;

 private:
  struct Timers {
    DueTimer step;
    DueTimer poll;
  };
  // What is wrong, for errorInformation.
  struct Failure {
    std::string code;
    std::string message;
  };
  using Step = std::expected<void, Failure>;
  using Change = std::function<void(Deployment&)>;

  void post(net::Task task);
  // Steps until the deployment waits or ends.
  void advance(const std::string& id);
  // One step. true: there is another one now.
  bool step(Deployment& deployment);
  // Reads the record anew, changes it, and commits it; `deployment` is then what is stored.
  bool change(Deployment& deployment, const Change& edit);
  void end(Deployment& deployment, std::string_view status, const Failure& failure,
           std::string_view rollback_event);

  bool prepare(Deployment& deployment);
  bool invoke_hook(Deployment& deployment, size_t event);
  bool await_hook(Deployment& deployment, size_t event);
  bool shift(Deployment& deployment);
  void succeed(Deployment& deployment);

  Step check_target(const aws::Identity& who, const AppSpec& spec, bool rollback);
  std::expected<AppSpec, Failure> read_revision(const aws::Identity& who,
                                                const json::Object& revision);
  std::expected<aws::Identity, Failure> assume(const Deployment& deployment);
  std::expected<json::Object, Failure> call(const Deployment& deployment, std::string_view service,
                                            std::string_view operation, json::Object input);

  // Alarms: false: the deployment is to stop, and its record says so.
  bool check_alarms(Deployment& deployment);
  void watch_alarms(const std::string& id);
  void wait_until(const std::string& id, int64_t due_ms);

  const services::Context& context_;
  Repository& repository_;
  ServiceRole& role_;
  AlarmSource* alarms_;
  Execute execute_;
  std::mutex thread_mutex_;
  std::unique_ptr<net::Workers> thread_;
  std::mutex timers_mutex_;
  std::map<std::string, Timers> timers_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace dew::codedeploy
