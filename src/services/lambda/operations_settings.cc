// Concurrency, tags, event invocation settings, the account's limits.
#include "services/lambda/core.h"
#include "services/lambda/zip.h"

namespace dew::lambda {
namespace {

constexpr size_t kMaxTags = 50;
constexpr int64_t kCodeStorageBytes = 80'530'636'800;  // 75 GB

aws::ApiResult<json::Value> put_concurrency(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto wanted =
      static_cast<int>(json::int_at(call.input, "ReservedConcurrentExecutions").value_or(0));
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    const int provisioned = record.provisioned_total();
    if (wanted < provisioned) {
      return invalid(fmt::format(
          "ReservedConcurrentExecutions {} should not be lower than function's total provisioned "
          "concurrency [{}].",
          wanted, provisioned));
    }
    const int others =
        core.pool->claimed_total() - record.reserved_concurrency.value_or(provisioned);
    if (others + wanted > kAccountConcurrency - kMinUnreserved) {
      return invalid(
          fmt::format("Specified ReservedConcurrentExecutions for function decreases account's "
                      "UnreservedConcurrentExecution below its minimum value of [{}].",
                      kMinUnreserved));
    }
    record.reserved_concurrency = wanted;
    return {};
  }));
  return json::Object{{"ReservedConcurrentExecutions", wanted}};
}

aws::ApiResult<json::Value> get_concurrency(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name));
  json::Object output;
  if (record->reserved_concurrency) {
    output["ReservedConcurrentExecutions"] = *record->reserved_concurrency;
  }
  return output;
}

aws::ApiResult<json::Value> delete_concurrency(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    record.reserved_concurrency.reset();
    return {};
  }));
  return json::Object();
}

aws::ApiResult<std::string> tagged(const json::Object& input) {
  const auto arn = json::string_at(input, "Resource").value_or("");
  const auto name = parse_function_name(arn);
  if (!name || !arn.starts_with("arn:")) {
    return invalid(fmt::format("{} is not the ARN of a function", arn));
  }
  if (!name->qualifier.empty()) {
    return invalid("Tags on function aliases and versions are not supported.");
  }
  return std::string(name->name);
}

aws::ApiResult<json::Value> tag_resource(Core& core, aws::Call& call) {
  TRY(const std::string name, tagged(call.input));
  CHECK_OK(core.catalog->change(name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    if (const auto* tags = json::object_at(call.input, "Tags")) {
      for (const auto& [key, value] : *tags) {
        if (value.is_string()) record.tags[std::string(key)] = json::str(value);
      }
    }
    if (record.tags.size() > kMaxTags) return invalid("A function can have at most 50 tags.");
    return {};
  }));
  return json::Object();
}

aws::ApiResult<json::Value> untag_resource(Core& core, aws::Call& call) {
  TRY(const std::string name, tagged(call.input));
  CHECK_OK(core.catalog->change(name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    if (const auto* keys = json::array_at(call.input, "TagKeys")) {
      for (const auto& key : *keys) {
        if (key.is_string()) record.tags.erase(json::str(key));
      }
    }
    return {};
  }));
  return json::Object();
}

aws::ApiResult<json::Value> list_tags(Core& core, aws::Call& call) {
  TRY(const std::string name, tagged(call.input));
  const auto record = core.catalog->find(name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name));
  json::Object tags;
  for (const auto& [key, value] : record->tags) tags[key] = value;
  return json::Object{{"Tags", std::move(tags)}};
}

json::Object event_config_json(Core& core, const FunctionName& name, const EventInvokeConfig& c) {
  json::Object out{
      {"FunctionArn", core.arn(name.name, name.qualifier.empty() ? kLatest : name.qualifier)},
      {"LastModified", c.last_modified}};
  if (c.retries) out["MaximumRetryAttempts"] = *c.retries;
  if (c.max_age_seconds) out["MaximumEventAgeInSeconds"] = *c.max_age_seconds;
  return out;
}

aws::ApiResult<json::Value> write_event_config(Core& core, aws::Call& call, bool keep) {
  TRY(const FunctionName name, named_function(call.input));
  if (const auto* destinations = json::object_at(call.input, "DestinationConfig")) {
    for (const auto& [when, target] : *destinations) {
      if (target.is_object() && !target.as_object().empty()) {
        return aws::fail(aws::ApiError::unsupported("destinations (DestinationConfig)"));
      }
    }
  }
  EventInvokeConfig answer;
  CHECK_OK(core.catalog->change(
      name.name, name.qualifier, [&](FunctionRecord& record) -> aws::ApiResult<void> {
        if (record.find(name.qualifier) == nullptr) {
          return aws::fail(core.catalog->not_found(name.name, name.qualifier));
        }
        EventInvokeConfig& config = record.event_configs[std::string(name.qualifier)];
        if (!keep) config = {};
        if (const auto n = json::int_at(call.input, "MaximumRetryAttempts")) {
          config.retries = static_cast<int>(*n);
        }
        if (const auto n = json::int_at(call.input, "MaximumEventAgeInSeconds")) {
          config.max_age_seconds = static_cast<int>(*n);
        }
        config.last_modified = core.context.clock.now_seconds();
        answer = config;
        return {};
      }));
  return event_config_json(core, name, answer);
}

aws::ApiError no_event_config(Core& core, const FunctionName& name) {
  return {"ResourceNotFoundException",
          fmt::format("The function {} doesn't have an EventInvokeConfig",
                      core.arn(name.name, name.qualifier.empty() ? kLatest : name.qualifier)),
          404};
}

aws::ApiResult<json::Value> get_event_config(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name));
  const auto it = record->event_configs.find(std::string(name.qualifier));
  if (it == record->event_configs.end()) return aws::fail(no_event_config(core, name));
  return event_config_json(core, name, it->second);
}

aws::ApiResult<json::Value> delete_event_config(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  CHECK_OK(core.catalog->change(name.name, {}, [&](FunctionRecord& record) -> aws::ApiResult<void> {
    if (record.event_configs.erase(std::string(name.qualifier)) == 0) {
      return aws::fail(no_event_config(core, name));
    }
    return {};
  }));
  return json::Object();
}

aws::ApiResult<json::Value> get_account_settings(Core& core, aws::Call&) {
  const auto all = core.catalog->all();
  int64_t bytes = 0;
  for (const auto& record : all) {
    bytes += record->latest.code_size;
    for (const auto& [number, version] : record->versions) bytes += version.code_size;
  }
  for (const auto& layer : core.layers.all()) {
    for (const auto& [number, version] : layer->versions) bytes += version.code_size;
  }
  return json::Object{
      {"AccountLimit", json::Object{{"TotalCodeSize", kCodeStorageBytes},
                                    {"CodeSizeUnzipped", kMaxUnzippedBytes},
                                    {"CodeSizeZipped", kMaxZippedBytes},
                                    {"ConcurrentExecutions", kAccountConcurrency},
                                    {"UnreservedConcurrentExecutions",
                                     kAccountConcurrency - core.pool->claimed_total()}}},
      {"AccountUsage", json::Object{{"TotalCodeSize", bytes}, {"FunctionCount", all.size()}}}};
}

}  // namespace

void register_settings(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "PutFunctionConcurrency", put_concurrency);
  add_operation(registry, core, "GetFunctionConcurrency", get_concurrency);
  add_operation(registry, core, "DeleteFunctionConcurrency", delete_concurrency);
  add_operation(registry, core, "TagResource", tag_resource);
  add_operation(registry, core, "UntagResource", untag_resource);
  add_operation(registry, core, "ListTags", list_tags);
  add_operation(registry, core, "PutFunctionEventInvokeConfig",
                [](Core& c, aws::Call& call) { return write_event_config(c, call, false); });
  add_operation(registry, core, "UpdateFunctionEventInvokeConfig",
                [](Core& c, aws::Call& call) { return write_event_config(c, call, true); });
  add_operation(registry, core, "GetFunctionEventInvokeConfig", get_event_config);
  add_operation(registry, core, "DeleteFunctionEventInvokeConfig", delete_event_config);
  add_operation(registry, core, "GetAccountSettings", get_account_settings);
}

}  // namespace dew::lambda
