// Stack, ResourceState: what the engine remembers, in memory and as JSON in the store.
//
// A resource's life within one operation:
//   now       what exists and serves (nullopt: nothing yet)
//   attempt   a call to its service that may or may not have happened; written before the call
//   previous  what it was before this operation changed it, for the way back
//   created   it did not exist before this operation; replaced: `previous` still exists beside
//   `now`
// After a crash the operation is simply run again: what is done shows no difference any more, an
// attempt is undone (a creation) or repeated (an update).
//
// Plain values; not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "aws/call.h"
#include "services/cloudformation/parameters.h"

namespace dew::cloudformation {

struct Snapshot {
  std::string id;
  json::Object properties;
  json::Object attributes;
  std::set<std::string> needs;  // logical ids
  std::string deletion_policy;
  std::string replace_policy;
};

struct Attempt {
  enum class Kind { kCreate, kUpdate };
  Kind kind = Kind::kCreate;
  std::string name;                 // decided beforehand; empty: the service chooses
  std::vector<std::string> before;  // ids that were there beforehand, where the service chooses
  std::string made;                 // the id, once the service has told it (its own record: "made")
  Snapshot target;
};

struct ResourceState {
  std::string logical_id;
  std::string type;
  std::string status;
  std::string reason;
  double updated = 0;
  std::string last_id;  // the physical id last known, also of what is gone
  json::Value metadata;
  std::optional<Snapshot> now;
  std::optional<Snapshot> previous;
  std::optional<Attempt> attempt;
  bool created = false;
  bool replaced = false;

  bool creation_pending() const { return attempt && attempt->kind == Attempt::Kind::kCreate; }
};

// A resource that no template names any more, to be removed at the end of the operation.
struct Leftover {
  uint64_t number = 0;
  std::string logical_id;
  std::string type;
  Snapshot what;
  bool retain = false;
};

enum class OperationKind { kCreate, kUpdate, kDelete };
enum class Phase { kApply, kRollback, kCleanup, kRollbackCleanup, kDelete };
enum class OnFailure { kRollback, kDelete, kNothing };

struct Operation {
  OperationKind kind = OperationKind::kCreate;
  Phase phase = Phase::kApply;
  bool paused = false;  // UPDATE_ROLLBACK_FAILED: waits for ContinueUpdateRollback
  OnFailure on_failure = OnFailure::kRollback;
  aws::Identity identity;
  std::string token;  // ClientRequestToken, given back in events
  double began = 0;
  // What the stack is to become.
  GivenParameters given;
  json::Array tags;
  std::vector<std::string> capabilities;
  std::vector<std::string> notification_arns;
  std::string role_arn;
  std::string stack_policy;              // what holds during this update; empty: none
  bool retain_except_on_create = false;  // Retain does not hold for what a rollback takes back
  bool force = false;                    // what cannot be deleted is left behind
  std::set<std::string> retain;          // DeleteStack's RetainResources
  std::set<std::string> skip;            // ContinueUpdateRollback's ResourcesToSkip
};

struct Stack {
  std::string id;
  std::string name;
  std::string description;
  std::string status;
  std::string reason;
  std::string failure;  // why the last operation could not reach its template
  double created = 0;
  double updated = 0;  // 0: never
  double deleted = 0;
  GivenParameters given;
  std::map<std::string, std::string> resolved;
  std::set<std::string> hidden;  // parameters with NoEcho
  json::Array tags;
  std::vector<std::string> capabilities;
  std::vector<std::string> notification_arns;
  std::string role_arn;
  bool disable_rollback = false;
  int64_t timeout_minutes = 0;
  json::Array outputs;  // as DescribeStacks gives them
  std::string change_set_id;
  std::string parent_id;  // of a nested stack
  std::string root_id;
  uint64_t next_event = 1;
  uint64_t next_leftover = 1;
  std::optional<Operation> operation;
};

json::Object to_json(const Stack& stack);
Stack stack_from_json(const json::Object& record);
json::Object to_json(const ResourceState& resource);
ResourceState resource_from_json(const json::Object& record);
json::Object to_json(const Leftover& leftover);
Leftover leftover_from_json(const json::Object& record);

json::Array to_json(const std::vector<std::string>& texts);
json::Array to_json(const std::set<std::string>& texts);

}  // namespace dew::cloudformation
