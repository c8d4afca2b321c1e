// Run: one operation on one stack, from its record to its end. Internal to the engine; one thread,
// but for the calls to services, which its Steps make (steps.h) and which touch nothing of it but
// the session and what they carry.
//
// An error from a method is the store's (the operation stays as it is, to be resumed); a resource
// that fails is a turn in the operation's course, not an error.
#pragma once

#include <memory>

#include "services/cloudformation/blueprint.h"
#include "services/cloudformation/engine.h"
#include "services/cloudformation/stack_policy.h"

namespace dew::cloudformation {

class Run {
 public:
  Run(Engine& engine, Stack stack);

  ApiResult<void> go();

 private:
  using Changes = StackStore::Changes;
  // What follows a removal, on the operation's thread.
  using AfterRemoval = std::move_only_function<ApiResult<Next>(ApiResult<void>)>;

  // run.cc
  ApiResult<void> load();
  ApiResult<void> commit(Changes& changes) { return changes.commit(); }
  enum class WayBack { kForget, kKeep };
  ApiResult<void> finish(Changes& changes, std::string_view status, std::string_view reason = "",
                         WayBack way_back = WayBack::kForget);
  ApiResult<bool> may_go_on();  // towards the template
  ApiResult<bool> not_stopped() { return !engine_.stopping(); }

  // run_apply.cc: towards the template
  ApiResult<void> apply();
  void resolve_references();
  ApiResult<Next> apply_one(const std::string& name);
  ApiResult<Next> aim(const std::string& name);
  std::string denied(std::string_view action, const ResourceState& resource) const;
  ApiResult<void> check_removals();
  ApiResult<Next> create(ResourceState& resource, const ResourceType& type, Snapshot target,
                         bool replacing);
  ApiResult<Next> update(ResourceState& resource, const ResourceType& type, Snapshot target);
  ApiResult<void> plan_creation(const ResourceType& type, ResourceState& resource,
                                Attempt& attempt);
  ApiResult<Next> created(const std::string& name, ApiResult<Instance> made, bool replacing);
  ApiResult<Next> updated(const std::string& name, ApiResult<Instance> made);
  ApiResult<Next> failed_one(ResourceState& resource, Changes& changes, bool creating,
                             const aws::ApiError& error);
  void fail(ResourceState& resource, Changes& changes, bool creating, const aws::ApiError& error);
  void cancel_others(Changes& changes);
  ApiResult<void> initiated(const std::string& name, const std::string& id);
  Next make(const ResourceType& type, Work work, Instance current, Desired desired,
            std::move_only_function<ApiResult<Next>(ApiResult<Instance>)> then);

  // run_end.cc: the template is reached, or cannot be
  ApiResult<void> applied();
  ApiResult<void> check_exports(const json::Array& outputs);
  void put_exports(Changes& changes, const json::Array& outputs);
  ApiResult<void> put_imports(Changes& changes);
  ApiResult<void> erase_imports(Changes& changes);
  void settle_resources(Changes& changes);
  ApiResult<void> apply_failed();
  ApiResult<void> keep_failed();

  // run_back.cc: back to what was
  ApiResult<void> roll_back();
  ApiResult<Next> restore(const std::string& name);
  ApiResult<Next> restore_settled(ResourceState& resource);
  ApiResult<Next> restored(ResourceState& resource, Snapshot to, bool changed);
  ApiResult<Next> undo(ResourceState& resource, AfterRemoval then);  // an attempted creation

  // run_remove.cc: deletions
  ApiResult<void> remove_all();
  ApiResult<Next> remove_one(const std::string& name, bool rolling_back,
                             std::vector<std::string>& failed);
  ApiResult<void> deleted();
  ApiResult<void> clean_up();
  ApiResult<Next> clean_one(const Leftover& leftover);
  ApiResult<Next> skip_removal(ResourceState& resource);
  bool retains(const ResourceState& resource, bool rolling_back) const;
  ApiResult<Next> not_removed(ResourceState& resource, const aws::ApiError& error,
                              std::vector<std::string>& failed);
  void leave(Changes& changes, const ResourceState& resource, Snapshot what, bool retain);
  void leave_attempt(Changes& changes, ResourceState& resource);
  Next removal(const ResourceType* type, Instance what, AfterRemoval then);

  // Why the waits of this operation are to end. Read by its steps' threads.
  struct Interruption {
    std::atomic<bool> abandoned = false;  // a resource has failed: the others are not waited for
    double deadline_seconds = 0;          // of the creation; 0: none
  };
  bool interrupted(const ResourceType& type) const;  // thread-safe

  Engine& engine_;
  StackStore& stacks_;
  Stack stack_;
  Session session_;
  std::map<std::string, ResourceState> resources_;
  std::vector<Leftover> leftovers_;
  std::unique_ptr<Blueprint> blueprint_;
  std::optional<StackPolicy> policy_;
  json::Array outputs_;
  Interruption interruption_;
  std::optional<Engine::Alarm> time_out_;

  // Why the template could not be reached: resources, or a reason of the whole.
  std::vector<std::string> failed_creates_;
  std::vector<std::string> failed_updates_;
  std::string failure_;
  bool deletion_asked_ = false;
  bool failed() const {
    return !failed_creates_.empty() || !failed_updates_.empty() || !failure_.empty();
  }
  // Resources whose creation (true) or update is being made, and those whose result no longer
  // counts because another one has failed.
  std::map<std::string, bool> making_;
  std::set<std::string> cancelled_;
  std::set<std::string> initiated_;  // whose id is known while they are still being waited for
  std::unique_ptr<Steps> steps_;     // the last member: its threads end before what they use
};

// The identity of a role as CloudFormation, the service, assumes it.
ApiResult<aws::Identity> assume_for_stacks(Engine& engine, const std::string& role);
// "Resource handler returned message: …"
std::string failure_reason(const aws::ApiError& error);
std::string joined(const std::vector<std::string>& texts);

}  // namespace dew::cloudformation
