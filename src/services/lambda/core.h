// What the operations of the service share. Internal to this folder.
#pragma once

#include <map>
#include <mutex>

#include "services/lambda/async_queue.h"
#include "services/lambda/catalog.h"
#include "services/lambda/credentials.h"
#include "services/lambda/invocation_metrics.h"
#include "services/lambda/layers.h"
#include "services/lambda/service.h"

namespace dew::lambda {

struct Core {
  Core(const services::Context& context_, Result<std::unique_ptr<sandbox::Sandbox>> opened,
       LogSink& logs_, TraceSink* traces_);

  const services::Context& context;
  LogSink& logs;
  TraceSink* traces;                          // null: nothing is traced
  std::unique_ptr<sandbox::Sandbox> sandbox;  // null: start_error says why
  std::unique_ptr<Runtimes> runtimes;
  std::string start_error;
  CodeStore code;
  Layers layers;
  Credentials credentials;
  std::unique_ptr<Pool> pool;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<AsyncQueue> async;
  InvocationMetrics* metrics = nullptr;

  const std::string& region() const { return context.config.region; }
  const std::string& account() const { return context.config.account; }
  std::string arn(std::string_view name, std::string_view qualifier = {}) const {
    return function_arn(region(), account(), name, qualifier);
  }
  // 2026-01-31T12:34:56.789+0000, as LastModified is written
  std::string timestamp() const;
  void invoke(InvokeRequest request, Done done);
  // Before the invocation goes its way: whether it is traced, and what its function is told.
  void trace(Invocation& invocation, const Target& target, std::string_view function_name) const;
  // Tells `metrics` of an invocation that begins, and of its end.
  // `other`: of an alias with weights, the other version runs.
  Done measured(TargetPtr target, bool other, Done done);
};

// Each adds its operations. `core` outlives the registry's use.
void register_functions(aws::Registry& registry, Core& core);
void register_versions(aws::Registry& registry, Core& core);
void register_policies(aws::Registry& registry, Core& core);
void register_layers(aws::Registry& registry, Core& core);
void register_layer_policies(aws::Registry& registry, Core& core);
void register_settings(aws::Registry& registry, Core& core);
void register_provisioned(aws::Registry& registry, Core& core);
void register_invoke(aws::Registry& registry, Core& core);

using Operation = aws::ApiResult<json::Value> (*)(Core&, aws::Call&);
inline void add_operation(aws::Registry& registry, Core& core, const char* name, Operation run) {
  registry.add("lambda", name, aws::Run::kWorker,
               [&core, run](aws::Call& call) { return run(core, call); });
}

// InvalidParameterValueException
inline std::unexpected<aws::ApiError> invalid(std::string message) {
  aws::ApiError error("InvalidParameterValueException", std::move(message), 400);
  error.members["Type"] = "User";
  return aws::fail(std::move(error));
}

// ResourceConflictException where two qualifiers would provision one version, which has one
// configuration only; InvalidParameterValueException for an alias of $LATEST.
aws::ApiResult<void> check_provisioned(const FunctionRecord& record, const Alias& alias);

// PreconditionFailedException unless the request's RevisionId, if any, is the current one.
aws::ApiResult<void> check_revision(const json::Object& input, std::string_view current);

// A Principal as policies write it: "*", {"Service": …}, {"AWS": …}.
json::Value principal_json(const std::string& principal);
// ResourceConflictException for an id that is taken, PolicyLengthExceededException. A new revision.
aws::ApiResult<void> append_statement(Policy& policy, const Statement& statement);

// Pages `items` by Marker and MaxItems into output[key] and NextMarker. The marker is the position.
json::Object page(const json::Object& input, std::string_view key, json::Array items);

// The code that a request brings: ZipFile, or an object in S3.
aws::ApiResult<CodePtr> code_of(Core& core, const aws::Call& call, const json::Object& source);
// A new version of what $LATEST is; the same version when nothing has changed since the last one.
const VersionConfig& publish(Core& core, FunctionRecord& record, const std::string& description);

}  // namespace dew::lambda
