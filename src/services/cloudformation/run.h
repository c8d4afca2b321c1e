// Run: one operation on one stack, from its record to its end. Internal to the engine; one thread.
//
// An error from a method is the store's (the operation stays as it is, to be resumed); a resource
// that fails is a turn in the operation's course, not an error.
#pragma once

#include <memory>

#include "services/cloudformation/blueprint.h"
#include "services/cloudformation/engine.h"

namespace dew::cloudformation {

class Run {
 public:
  Run(Engine& engine, Stack stack);

  ApiResult<void> go();

 private:
  using Changes = StackStore::Changes;

  // run.cc
  ApiResult<void> load();
  ApiResult<void> commit(Changes& changes) { return changes.commit(); }
  ApiResult<void> finish(Changes& changes, std::string_view status, std::string_view reason = "");

  // run_apply.cc: towards the template
  ApiResult<void> apply();
  ApiResult<void> apply_one(const std::string& name);
  ApiResult<void> create(ResourceState& resource, const ResourceType& type, Snapshot target,
                         bool replacing);
  ApiResult<void> update(ResourceState& resource, const ResourceType& type, Snapshot target);
  ApiResult<void> plan_creation(const ResourceType& type, ResourceState& resource,
                                Attempt& attempt);
  ApiResult<void> applied();
  ApiResult<void> check_exports(const json::Array& outputs);
  void fail(ResourceState& resource, Changes& changes, bool creating, const aws::ApiError& error);
  ApiResult<void> apply_failed();

  // run_back.cc: back to what was
  ApiResult<void> roll_back();
  ApiResult<void> restore(ResourceState& resource);
  ApiResult<void> discard(ResourceState& resource);  // an attempted creation

  // run_remove.cc: deletions
  ApiResult<void> remove_all();
  ApiResult<void> clean_up();
  void leave(Changes& changes, const ResourceState& resource, Snapshot what, bool retain);

  Engine& engine_;
  StackStore& stacks_;
  Stack stack_;
  Session session_;
  std::map<std::string, ResourceState> resources_;
  std::vector<Leftover> leftovers_;
  std::unique_ptr<Blueprint> blueprint_;
  json::Array outputs_;

  // Why the template could not be reached: resources, or a reason of the whole.
  std::vector<std::string> failed_creates_;
  std::vector<std::string> failed_updates_;
  std::string failure_;
  bool failed() const {
    return !failed_creates_.empty() || !failed_updates_.empty() || !failure_.empty();
  }
};

// "Resource handler returned message: …"
std::string failure_reason(const aws::ApiError& error);
std::string joined(const std::vector<std::string>& texts);

}  // namespace dew::cloudformation
