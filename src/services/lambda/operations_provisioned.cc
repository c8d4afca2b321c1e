// Provisioned concurrency of aliases and versions.
// docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html,
// docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
#include "services/lambda/alias_shift.h"
#include "services/lambda/core.h"

namespace dew::lambda {
namespace {

std::unexpected<aws::ApiError> conflict(std::string message) {
  aws::ApiError error("ResourceConflictException", std::move(message), 409);
  error.members["Type"] = "User";
  return aws::fail(std::move(error));
}

std::unexpected<aws::ApiError> unpublished() {
  return invalid(
      "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
}

// ResourceNotFoundException unless it is an alias, or a published version's number.
aws::ApiResult<void> check_qualifier(Core& core, const FunctionRecord& record,
                                     std::string_view qualifier) {
  if (record.find(qualifier) != nullptr) return {};
  if (qualifier.find_first_not_of("0123456789") == std::string_view::npos) {
    return aws::fail(core.catalog->not_found(record.name, qualifier));
  }
  aws::ApiError error("ResourceNotFoundException",
                      "Cannot find alias arn: " + core.arn(record.name, qualifier), 404);
  error.members["Type"] = "User";
  return aws::fail(std::move(error));
}

json::Object config_json(Core& core, std::string_view function, std::string_view qualifier,
                         const ProvisionedConfig& config) {
  int ready = 0;
  bool shifting = false;
  std::string failed;
  if (const auto target = core.catalog->resolve(function, qualifier)) {
    for (const auto& fleet : {target->provisioned, target->other_provisioned}) {
      if (!fleet) continue;
      const auto state = core.pool->provisioned(fleet);
      ready += std::min(state.ready, state.wanted);
      if (!state.failed.empty()) failed = state.failed;
    }
    shifting = target->shifting;
    ready = std::min(ready, config.executions);
  }
  const bool done = ready >= config.executions && !shifting;
  json::Object out{{"RequestedProvisionedConcurrentExecutions", config.executions},
                   {"AvailableProvisionedConcurrentExecutions", ready},
                   {"AllocatedProvisionedConcurrentExecutions", ready},
                   {"Status", done              ? "READY"
                              : !failed.empty() ? "FAILED"
                                                : "IN_PROGRESS"},
                   {"LastModified", config.last_modified}};
  if (!done && !failed.empty()) {
    out["StatusReason"] = "FUNCTION_ERROR_INIT_FAILURE: " + failed;
  }
  return out;
}

// Beside what other functions claim of the account, and other qualifiers of the function's own.
aws::ApiResult<void> check_room(Core& core, const FunctionRecord& record,
                                const std::string& qualifier, int wanted) {
  const auto before = record.provisioned.find(qualifier);
  const int total = record.provisioned_total() + wanted -
                    (before == record.provisioned.end() ? 0 : before->second.executions);
  if (record.reserved_concurrency) {
    if (total > *record.reserved_concurrency) {
      return invalid(
          "Requested Provisioned Concurrency should not be greater than the "
          "reservedConcurrentExecution for function");
    }
  } else {
    const int others = core.pool->claimed_total() - record.provisioned_total();
    if (total > kAccountConcurrency - others) {
      return invalid(
          fmt::format("Specified ConcurrentExecutions for function is greater than account's "
                      "unreserved concurrency [{}].",
                      kAccountConcurrency - others));
    }
    if (total > kAccountConcurrency - others - kMinUnreserved) {
      return invalid(
          fmt::format("Specified ConcurrentExecutions for function decreases account's "
                      "UnreservedConcurrentExecution below its minimum value of [{}].",
                      kMinUnreserved));
    }
  }
  // Not AWS's: what the machine can hold.
  const int everywhere = core.pool->provisioned_total() - record.provisioned_total() + total;
  if (everywhere > core.pool->provisioned_limit()) {
    return invalid(fmt::format(
        "This machine can keep {} provisioned environments: {} are one or more too many.",
        core.pool->provisioned_limit(), everywhere));
  }
  return {};
}

aws::ApiResult<json::Value> put(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const std::string qualifier(name.qualifier);
  if (qualifier == kLatest) return unpublished();
  const auto wanted =
      static_cast<int>(json::int_at(call.input, "ProvisionedConcurrentExecutions").value_or(0));
  ProvisionedConfig config{wanted, core.timestamp()};
  CHECK_OK(core.catalog->change(
      name.name, qualifier, [&](FunctionRecord& record) -> aws::ApiResult<void> {
        CHECK_OK(check_qualifier(core, record, qualifier));
        const auto alias = record.aliases.find(qualifier);
        if (alias != record.aliases.end() && !alias->second.weights.empty()) {
          return invalid("Alias with weights can not be used with Provisioned Concurrency");
        }
        CHECK_OK(check_room(core, record, qualifier, wanted));
        record.provisioned[qualifier] = config;
        if (alias != record.aliases.end()) return check_provisioned(record, alias->second);
        for (const auto& [other, target] : record.aliases) {
          if (record.provisioned.contains(other) &&
              (target.version == qualifier || target.weights.contains(qualifier))) {
            return conflict("Version is pointed by a Provisioned Concurrency alias");
          }
        }
        return {};
      }));
  if (const auto target = core.catalog->resolve(name.name, qualifier)) {
    if (target->provisioned) core.pool->provision_again(target->provisioned);
  }
  auto out = config_json(core, name.name, qualifier, config);
  // It is about to be kept; a later call says how far it is.
  out["Status"] = "IN_PROGRESS";
  out.erase("StatusReason");
  return out;
}

aws::ApiResult<std::pair<FunctionName, RecordPtr>> published(Core& core,
                                                             const json::Object& input) {
  TRY(const FunctionName name, named_function(input));
  if (name.qualifier == kLatest) {
    return invalid("The function resource provided must be an alias or a published version.");
  }
  auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name, name.qualifier));
  CHECK_OK(check_qualifier(core, *record, name.qualifier));
  return std::pair{name, std::move(record)};
}

aws::ApiResult<json::Value> get(Core& core, aws::Call& call) {
  TRY(const auto found, published(core, call.input));
  const auto& [name, record] = found;
  const auto it = record->provisioned.find(std::string(name.qualifier));
  if (it == record->provisioned.end()) {
    aws::ApiError error("ProvisionedConcurrencyConfigNotFoundException",
                        "No Provisioned Concurrency Config found for this function", 404);
    error.members["Type"] = "User";
    return aws::fail(std::move(error));
  }
  return config_json(core, name.name, name.qualifier, it->second);
}

aws::ApiResult<json::Value> list(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name));
  json::Array items;
  for (const auto& [qualifier, config] : record->provisioned) {
    auto item = config_json(core, name.name, qualifier, config);
    item["FunctionArn"] = core.arn(name.name, qualifier);
    items.push_back(std::move(item));
  }
  return page(call.input, "ProvisionedConcurrencyConfigs", std::move(items));
}

// Deleting what is not there succeeds.
aws::ApiResult<json::Value> remove(Core& core, aws::Call& call) {
  TRY(const auto found, published(core, call.input));
  CHECK_OK(core.catalog->change(found.first.name, found.first.qualifier,
                                [&](FunctionRecord& record) -> aws::ApiResult<void> {
                                  const std::string qualifier(found.first.qualifier);
                                  record.provisioned.erase(qualifier);
                                  const auto alias = record.aliases.find(qualifier);
                                  if (alias != record.aliases.end()) end_shift(alias->second);
                                  return {};
                                }));
  return json::Object();
}

}  // namespace

aws::ApiResult<void> check_provisioned(const FunctionRecord& record, const Alias& alias) {
  if (!record.provisioned.contains(alias.name)) return {};
  if (alias.version == kLatest) return unpublished();
  const auto is_mine = [&](const std::string& version) {
    return version == alias.version || alias.weights.contains(version);
  };
  for (const auto& [qualifier, config] : record.provisioned) {
    if (qualifier == alias.name) continue;
    const auto other = record.aliases.find(qualifier);
    bool taken = false;
    if (other == record.aliases.end()) {
      taken = is_mine(qualifier);
    } else {
      taken = is_mine(other->second.version);
      for (const auto& [version, weight] : other->second.weights) taken |= is_mine(version);
    }
    if (taken) {
      return conflict(
          "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
          "version");
    }
  }
  return {};
}

void register_provisioned(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "PutProvisionedConcurrencyConfig", put);
  add_operation(registry, core, "GetProvisionedConcurrencyConfig", get);
  add_operation(registry, core, "ListProvisionedConcurrencyConfigs", list);
  add_operation(registry, core, "DeleteProvisionedConcurrencyConfig", remove);
}

}  // namespace dew::lambda
