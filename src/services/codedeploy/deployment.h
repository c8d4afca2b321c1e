// Deployment: one deployment as the store has it: what a client sees of it, and where the engine is
// in it. Everything that the engine needs is in here, so that it goes on from the record alone.
//
// A plain value; serialized by to_record and from_record. docs/decisions/0009 has the machine.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "services/codedeploy/appspec.h"
#include "services/codedeploy/routing.h"

namespace dew::codedeploy {

// What the engine does next.
enum class Phase {
  kCreated,      // accepted
  kQueued,       // taken up
  kPrepare,      // is the group there, the alarms quiet, the alias where the AppSpec says
  kBefore,       // BeforeAllowTraffic's function is to be invoked
  kBeforeReply,  // and waited for
  kShift,        // the next share of the traffic is to be moved
  kBake,         // waits for the next shift
  kAfter,
  kAfterReply,
  kComplete,  // nothing is left to do
  kEnded,
};

// In the order in which they happen.
inline constexpr std::array<std::string_view, 3> kLifecycleEvents = {
    "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"};
inline constexpr size_t kBeforeAllowTraffic = 0;
inline constexpr size_t kAllowTraffic = 1;
inline constexpr size_t kAfterAllowTraffic = 2;

struct LifecycleEvent {
  std::string status = "Pending";
  double started = 0;  // seconds since the epoch; 0: not yet
  double ended = 0;
  std::string error;  // of a failed one
};

struct Deployment {
  // ---- what a client sees
  std::string id;
  std::string application;
  std::string application_id;
  std::string group;
  std::string group_id;
  std::string config;
  std::string description;
  std::string creator = "user";  // or codeDeployRollback
  std::string status = "Created";
  json::Object revision;
  json::Object previous_revision;  // empty: none
  json::Object auto_rollback;      // AutoRollbackConfiguration in force; empty: none
  json::Object override_alarms;    // empty: none given
  json::Object error;              // ErrorInformation; empty: none
  json::Object rollback_info;      // empty: none
  double created = 0;              // seconds since the epoch; 0: not yet
  double started = 0;
  double completed = 0;
  double updated = 0;
  std::array<LifecycleEvent, 3> events;

  // ---- the engine
  Phase phase = Phase::kCreated;
  std::string role;
  AppSpec spec;  // empty until the revision is read
  Routing routing;
  int step = 0;        // of the shifts
  int weight = 0;      // percent of the traffic on the target version
  bool moved = false;  // the alias was, or may have been, touched
  int64_t due_ms = 0;  // of the next shift, or of a hook's silence
  std::string hook_id;
  std::string hook_result;  // Succeeded, Failed, or empty
  std::string stop;         // empty, "request", or "alarm"
  std::string stop_reason;  // which alarms
  bool stop_rollback = false;
  std::vector<std::string> alarms;  // to be watched
  bool ignore_poll_failure = false;

  bool is_rollback() const { return creator == "codeDeployRollback"; }
  bool ended() const { return phase == Phase::kEnded; }
  bool rolls_back_on(std::string_view event) const;
};

json::Object to_record(const Deployment& deployment);
Deployment from_record(const json::Object& record);

// The model's DeploymentInfo: an AppSpec's text is not in it, as the API reference says.
json::Object deployment_info(const Deployment& deployment);
// The model's DeploymentTarget.
json::Object deployment_target(const Deployment& deployment, std::string_view region,
                               std::string_view account);
std::string target_id(const Deployment& deployment);

std::string new_deployment_id();  // d-A1B2C3D4E
// Of an AppSpec's text, as AWS shows it: SHA-256 in hex.
std::string revision_sha(std::string_view text);

// What a revision is shown as.
json::Object shown_revision(const json::Object& revision);

// The alarms that are to be watched, and the events after which there is a rollback.
struct Watched {
  std::vector<std::string> names;
  bool ignore_poll_failure = false;
};
Watched watched_alarms(const json::Object& alarm_configuration);

}  // namespace dew::codedeploy
