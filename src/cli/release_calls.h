// What a stack's aliases run, and the CodeDeploy deployments that brought them there: the calls of
// `dew releases`, `dew rollback` and the progress of `dew deploy`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/cloud_calls.h"

namespace dew::cli {

struct AliasState {
  std::string logical_id;
  std::string function;  // its name
  std::string alias;
  std::string version;                    // the alias's own
  std::map<std::string, double> weights;  // of further versions, 0 to 1

  std::string name() const { return function + ":" + alias; }
  std::string traffic() const;  // "version 4 (90 %), version 5 (10 %)"
};

// A deployment group, by its names.
struct Group {
  std::string application;
  std::string name;
};

struct Release {
  std::string id;
  Group group;
  std::string status;
  std::string creator;
  std::string config;
  std::string description;
  std::string error_code;  // empty: none
  std::string error_message;
  std::string rollback_id;   // the deployment that takes it back
  std::string triggered_by;  // of a rollback: the deployment that it takes back
  double created = 0;        // seconds since the epoch; 0: unknown
  double completed = 0;
  std::string function;  // empty while it has not started
  std::string alias;
  std::string current;
  std::string target;
  double weight = 0;  // percent of the traffic on the target version

  bool ended() const { return status == "Succeeded" || status == "Failed" || status == "Stopped"; }
  bool is_rollback() const { return creator == "codeDeployRollback"; }
  std::string name() const { return function + ":" + alias; }
};

CallResult<std::vector<AliasState>> stack_aliases(ApiClient& api, const std::string& stack);
CallResult<AliasState> alias_state(ApiClient& api, const std::string& function,
                                   const std::string& alias);
CallResult<std::vector<Group>> stack_groups(ApiClient& api, const std::string& stack);

// Newest first, at most `most`; only running ones if asked.
enum class Which { kAll, kRunning };
CallResult<std::vector<Release>> releases_of(ApiClient& api, const Group& group, Which which,
                                             size_t most);
CallResult<Release> release(ApiClient& api, const std::string& id);
CallResult<std::string> start_release(ApiClient& api, const Group& group, const AliasState& alias,
                                      const std::string& version);  // all at once; its id
CallResult<void> stop_release(ApiClient& api, const std::string& id);
CallResult<std::vector<std::string>> alarms_of(ApiClient& api, const Group& group);
// Each alarm's state (OK, ALARM, INSUFFICIENT_DATA).
CallResult<std::map<std::string, std::string>> alarm_states(ApiClient& api,
                                                            const std::vector<std::string>& names);
CallResult<std::vector<int64_t>> published_versions(ApiClient& api, const std::string& function);
// In one write, without any routing.
CallResult<void> point_alias(ApiClient& api, const AliasState& alias, const std::string& version);

}  // namespace dew::cli
