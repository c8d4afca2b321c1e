// Every function of this cloud: records in the store, and what the invocation path needs in memory.
//
// A Target is a qualifier resolved ahead of time (function and version or alias -> fleet, ARN,
// resource policy), so that an invocation costs one look-up under a shared lock. Changes are
// serialized: read the record, change a copy, commit it, rebuild the targets.
//
// Thread-safe. find() and resolve() never block; change() commits to the store.
#pragma once

#include <functional>
#include <mutex>
#include <unordered_map>

#include "base/guarded.h"
#include "policy/policy.h"
#include "services/context.h"
#include "services/lambda/names.h"
#include "services/lambda/pool.h"

namespace dew::lambda {

using RecordPtr = std::shared_ptr<const FunctionRecord>;

struct Target {
  FleetPtr fleet;
  FleetPtr provisioned;  // asked first; null: no provisioned concurrency
  std::string version;   // executed
  // Of an alias with weights: the other version, and its share of the invocations.
  FleetPtr other_fleet;
  FleetPtr other_provisioned;
  std::string other_version;
  double other_weight = 0;
  bool other_traces_actively = false;
  bool shifting = false;         // from the other version: alias_shift.h
  std::string invoked_arn;       // qualified as asked
  policy::PolicyPtr policy;      // of the qualifier; null: no statement
  bool traces_actively = false;  // TracingConfig Active
};
using TargetPtr = std::shared_ptr<const Target>;

class Catalog {
 public:
  Catalog(const services::Context& context, Pool& pool, CodeStore& code)
      : context_(context), pool_(pool), code_(code) {}

  Result<void> load();

  RecordPtr find(std::string_view name) const;
  TargetPtr resolve(std::string_view name, std::string_view qualifier) const;
  std::vector<FleetPtr> provisioned_fleets() const;
  std::vector<RecordPtr> all() const;  // by name

  // Fails with ResourceConflictException when the name is taken.
  aws::ApiResult<RecordPtr> create(FunctionRecord record);
  // ResourceNotFoundException without the function. `edit` may refuse.
  using Edit = std::function<aws::ApiResult<void>(FunctionRecord&)>;
  aws::ApiResult<RecordPtr> change(std::string_view name, std::string_view qualifier,
                                   const Edit& edit);
  aws::ApiResult<void> remove(std::string_view name);

  // Environments of the function have become ready: its aliases' shifts go on. Commits to the store
  // if there are any.
  void advance_shifts(std::string_view name);

  // Removes the code that nothing uses any more.
  void collect();

  aws::ApiError not_found(std::string_view name, std::string_view qualifier = {}) const;

 private:
  struct Function {
    RecordPtr record;
    std::shared_ptr<FunctionCount> count = std::make_shared<FunctionCount>();
    std::map<std::string, FleetPtr> fleets;  // by version
    // By the qualifier that provisioned concurrency was given to, and version.
    std::map<std::pair<std::string, std::string>, FleetPtr> provisioned;
    std::map<std::string, TargetPtr, std::less<>> targets;  // by qualifier
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Functions =
      std::unordered_map<std::string, std::shared_ptr<const Function>, Hash, std::equal_to<>>;

  std::shared_ptr<const Function> function(std::string_view name) const;
  aws::ApiResult<void> save(const FunctionRecord& record);
  // With changes_ held: makes the record the current one.
  void install(RecordPtr record);
  void provision(Function& after, const Function* before);
  std::shared_ptr<const Revision> revision(const FunctionRecord& record,
                                           const VersionConfig& version,
                                           Initialization initialization) const;
  void collect_code();

  const services::Context& context_;
  Pool& pool_;
  CodeStore& code_;
  std::mutex changes_;
  Guarded<Functions> functions_;
};

}  // namespace dew::lambda
