// Published versions and aliases.
#include "base/ids.h"
#include "services/lambda/alias_shift.h"
#include "services/lambda/core.h"

namespace dew::lambda {
namespace {

aws::ApiResult<json::Value> publish_version(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  VersionConfig answer;
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    CHECK_OK(check_revision(call.input, record.latest.revision_id));
    const auto sha = json::string_at(call.input, "CodeSha256");
    if (sha && !sha->empty() && *sha != record.latest.code_sha256) {
      return invalid(
          fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST "
                      "({}). Please try again with the CodeSHA256 in $LATEST.",
                      *sha, record.latest.code_sha256));
    }
    answer = publish(core, record, json::string_or(call.input, "Description"));
    return {};
  }));
  return configuration_json(answer, core.region(), core.account(), answer.version);
}

aws::ApiResult<json::Value> list_versions(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name));
  json::Array items;
  items.push_back(configuration_json(record->latest, core.region(), core.account(), kLatest));
  for (const auto& [number, version] : record->versions) {
    items.push_back(configuration_json(version, core.region(), core.account(), version.version));
  }
  return page(call.input, "Versions", std::move(items));
}

json::Object alias_json(Core& core, std::string_view function, const Alias& alias) {
  json::Object out{{"AliasArn", core.arn(function, alias.name)},
                   {"Name", alias.name},
                   {"FunctionVersion", alias.version},
                   {"Description", alias.description},
                   {"RevisionId", alias.revision_id}};
  if (!alias.weights.empty()) {
    json::Object weights;
    for (const auto& [version, weight] : alias.weights) weights[version] = weight;
    out["RoutingConfig"] = json::Object{{"AdditionalVersionWeights", std::move(weights)}};
  }
  return out;
}

aws::ApiError alias_not_found(Core& core, std::string_view function, std::string_view alias) {
  aws::ApiError error("ResourceNotFoundException",
                      "Cannot find alias arn: " + core.arn(function, alias), 404);
  error.members["Type"] = "User";
  return error;
}

aws::ApiResult<void> check_version(Core& core, const FunctionRecord& record,
                                   std::string_view version) {
  const auto* found = record.find(version);
  if (found == nullptr || found->version != version) {
    return aws::fail(core.catalog->not_found(record.name, version));
  }
  return {};
}

// The request's RoutingConfig, if it has one; an empty one means none.
void read_weights(const json::Object& input, Alias& alias) {
  const auto* routing = json::object_at(input, "RoutingConfig");
  if (routing == nullptr) return;
  alias.weights.clear();
  const auto* weights = json::object_at(*routing, "AdditionalVersionWeights");
  if (weights == nullptr) return;
  for (const auto& [version, weight] : *weights)
    alias.weights[std::string(version)] = json::number_at(*weights, version).value_or(0);
}

// docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html: at most two versions, both
// published.
aws::ApiResult<void> check_weights(Core& core, const FunctionRecord& record, const Alias& alias) {
  if (alias.weights.empty()) return {};
  if (alias.weights.size() > 1)
    return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1");
  const auto& [other, weight] = *alias.weights.begin();
  if (weight < 0 || weight > 1) {
    return aws::fail(aws::ApiError::validation(fmt::format(
        "1 validation error detected: Value '{{{}={}}}' at "
        "'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must "
        "satisfy constraint: [Member must have value less than or equal to 1.0, Member must have "
        "value greater than or equal to 0.0, Member must not be null]",
        other, weight)));
  }
  if (other == alias.version) {
    return invalid(fmt::format(
        "Invalid function version {}. Function version {} is already included in routing "
        "configuration.",
        other, other));
  }
  if (alias.version == kLatest || other == kLatest)
    return invalid("$LATEST is not supported for an alias pointing to more than 1 version");
  return check_version(core, record, other);
}

aws::ApiResult<json::Value> create_alias(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  Alias alias{.name = json::string_or(call.input, "Name"),
              .version = json::string_or(call.input, "FunctionVersion"),
              .description = json::string_or(call.input, "Description"),
              .revision_id = uuid_v4(),
              .weights = {},
              .shifting_from = {}};
  read_weights(call.input, alias);
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    CHECK_OK(check_version(core, record, alias.version));
    CHECK_OK(check_weights(core, record, alias));
    if (!record.aliases.emplace(alias.name, alias).second) {
      return aws::fail("ResourceConflictException",
                       "Alias already exists: " + core.arn(record.name, alias.name), 409);
    }
    return {};
  }));
  return alias_json(core, name.name, alias);
}

// How many environments of a version are ready that an alias has or shifts from.
int ready_of(Core& core, std::string_view function, const std::string& alias,
             const std::string& version) {
  const auto target = core.catalog->resolve(function, alias);
  if (!target) return 0;
  const auto& fleet = target->version == version         ? target->provisioned
                      : target->other_version == version ? target->other_provisioned
                                                         : nullptr;
  return fleet ? core.pool->provisioned(fleet).ready : 0;
}

// The traffic of an alias with provisioned concurrency follows the environments.
aws::ApiResult<void> shift(Core& core, const FunctionRecord& record, const Alias& before,
                           bool routed, Alias& alias) {
  const auto config = record.provisioned.find(alias.name);
  if (alias.version == before.version || config == record.provisioned.end()) return {};
  if (!routed && !before.shifting_from.empty())
    return invalid("Invalid alias configuration for Provisioned Concurrency");
  if (alias.weights.empty()) {
    begin_shift(alias, before, config->second.executions,
                ready_of(core, record.name, alias.name, alias.version));
  }
  return {};
}

aws::ApiResult<json::Value> update_alias(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto wanted = json::string_or(call.input, "Name");
  Alias answer;
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    const auto it = record.aliases.find(wanted);
    if (it == record.aliases.end()) return aws::fail(alias_not_found(core, record.name, wanted));
    CHECK_OK(check_revision(call.input, it->second.revision_id));
    const Alias before = it->second;
    const bool routed = json::object_at(call.input, "RoutingConfig") != nullptr;
    if (routed) end_shift(it->second);
    if (const auto version = json::string_at(call.input, "FunctionVersion")) {
      CHECK_OK(check_version(core, record, *version));
      it->second.version = *version;
    }
    read_weights(call.input, it->second);
    CHECK_OK(check_weights(core, record, it->second));
    CHECK_OK(check_provisioned(record, it->second));
    CHECK_OK(shift(core, record, before, routed, it->second));
    if (const auto text = json::string_at(call.input, "Description"))
      it->second.description = *text;
    it->second.revision_id = uuid_v4();
    answer = it->second;
    return {};
  }));
  return alias_json(core, name.name, answer);
}

aws::ApiResult<json::Value> get_alias(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  const auto wanted = json::string_or(call.input, "Name");
  const auto it = record ? record->aliases.find(wanted) : decltype(record->aliases.end())();
  if (!record || it == record->aliases.end()) {
    return aws::fail(alias_not_found(core, name.name, wanted));
  }
  return alias_json(core, name.name, it->second);
}

aws::ApiResult<json::Value> delete_alias(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto wanted = json::string_or(call.input, "Name");
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    record.aliases.erase(wanted);  // deleting what is not there succeeds
    record.policies.erase(wanted);
    record.event_configs.erase(wanted);
    record.provisioned.erase(wanted);
    return {};
  }));
  return json::Object();
}

aws::ApiResult<json::Value> list_aliases(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name));
  const auto version = json::string_or(call.input, "FunctionVersion");
  json::Array items;
  for (const auto& [key, alias] : record->aliases) {
    if (version.empty() || alias.version == version || alias.weights.contains(version)) {
      items.push_back(alias_json(core, name.name, alias));
    }
  }
  return page(call.input, "Aliases", std::move(items));
}

}  // namespace

void register_versions(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "PublishVersion", publish_version);
  add_operation(registry, core, "ListVersionsByFunction", list_versions);
  add_operation(registry, core, "CreateAlias", create_alias);
  add_operation(registry, core, "UpdateAlias", update_alias);
  add_operation(registry, core, "GetAlias", get_alias);
  add_operation(registry, core, "DeleteAlias", delete_alias);
  add_operation(registry, core, "ListAliases", list_aliases);
}

}  // namespace dew::lambda
