// API keys of the account. docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;
constexpr size_t kMinValueBytes = 20;
constexpr size_t kMaxValueBytes = 128;
constexpr size_t kMadeValueBytes = 40;

json::Object shown(json::Object key, bool with_value) {
  if (!with_value) key.erase("value");
  return key;
}

aws::ApiResult<json::Object> find(Control& control, const aws::Call& call) {
  TRY(auto key, control.repository.get_global(kApiKey, text(call, "apiKey")));
  if (!key) return aws::fail(no_such_api_key());
  return std::move(*key);
}

aws::ApiResult<void> save(Control& control, const json::Object& key) {
  store::Batch batch;
  Repository::put_global(batch, kApiKey, json::string_or(key, "id"), key);
  CHECK_OK(control.repository.commit(batch));
  return control.reload_usage();
}

aws::ApiResult<void> check_value(Control& control, std::string_view value) {
  if (value.size() < kMinValueBytes)
    return aws::fail(bad_request("API Key value should be at least 20 characters"));
  if (value.size() > kMaxValueBytes)
    return aws::fail(bad_request("API Key value should be at most 128 characters"));
  TRY(const auto all, control.repository.list_global(kApiKey));
  for (const auto& other : all) {
    if (json::string_or(other, "value") == value)
      return aws::fail(conflict("API Key already exists"));
  }
  return {};
}

// The older way to say where a key is for; a usage plan says what counts.
aws::ApiResult<json::Array> stage_keys(Control& control, const json::Object& input) {
  json::Array out;
  const auto* stages = json::array_at(input, "stageKeys");
  if (!stages) return out;
  for (const auto& element : *stages) {
    if (!element.is_object()) continue;
    const auto api = json::string_or(element.get_object(), "restApiId");
    const auto name = json::string_or(element.get_object(), "stageName");
    CHECK_OK(check_api_stage(control, api, name));
    out.emplace_back(fmt::format("{}/{}", api, name));
  }
  return out;
}

}  // namespace

Answer create_api_key(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  if (const auto distinct = json::bool_at(call.input, "generateDistinctId");
      distinct && !*distinct) {
    return aws::fail(
        unsupported("API keys whose identifier is their value (generateDistinctId false)"));
  }
  auto value = text(call, "value");
  if (value.empty()) value = random_alnum(kMadeValueBytes);
  CHECK_OK(check_value(control, value));
  json::Object key{{"id", random_alnum(10)}, {"value", value}};
  for (const auto member : {"name", "customerId", "description", "tags"})
    copy_member(key, call.input, member);
  key["enabled"] = json::bool_at(call.input, "enabled").value_or(false);
  key["createdDate"] = control.now();
  key["lastUpdatedDate"] = control.now();
  TRY(key["stageKeys"], stage_keys(control, call.input));
  CHECK_OK(save(control, key));
  return key;
}

Answer get_api_key(Control& control, aws::Call& call) {
  TRY(auto key, find(control, call));
  return shown(std::move(key), json::bool_at(call.input, "includeValue").value_or(false));
}

Answer get_api_keys(Control& control, aws::Call& call) {
  TRY(auto keys, control.repository.list_global(kApiKey));
  const auto prefix = text(call, "nameQuery");
  const auto customer = text(call, "customerId");
  const bool with_values = json::bool_at(call.input, "includeValues").value_or(false);
  std::erase_if(keys, [&](const auto& key) {
    return !json::string_or(key, "name").starts_with(prefix) ||
           (!customer.empty() && json::string_or(key, "customerId") != customer);
  });
  for (auto& key : keys) key = shown(std::move(key), with_values);
  return page(call, std::move(keys), "id", kDefaultPage);
}

Answer update_api_key(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules = std::to_array<PatchRule>(
      {{"/name"}, {"/description"}, {"/customerId"}, {"/enabled", Type::kBool}});
  const std::scoped_lock lock(control.write);
  TRY(auto key, find(control, call));
  TRY(const auto operations, patch_operations(call.input));
  for (const auto& operation : operations) {
    if (operation.path != "/stages") {
      CHECK_OK(apply_patch(key, operation, kRules));
      continue;
    }
    auto& stages = key["stageKeys"].as_array();
    const json::Value stage(operation.value);
    const auto at = std::ranges::find(stages, stage);
    if (operation.op == "remove" && at != stages.end()) stages.erase(at);
    if (operation.op == "add" && at == stages.end()) {
      const size_t slash = operation.value.find('/');
      CHECK_OK(check_api_stage(
          control, operation.value.substr(0, slash),
          slash == std::string::npos ? std::string() : operation.value.substr(slash + 1)));
      stages.push_back(stage);
    }
  }
  key["lastUpdatedDate"] = control.now();
  CHECK_OK(save(control, key));
  return shown(std::move(key), false);
}

Answer delete_api_key(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(const auto key, find(control, call));
  const auto id = json::string_or(key, "id");
  TRY(const auto uses, control.repository.list_global(kUsagePlanKey));
  store::Batch batch;
  Repository::erase_global(batch, kApiKey, id);
  for (const auto& use : uses) {
    if (json::string_or(use, "keyId") == id)
      Repository::erase_global(batch, kUsagePlanKey, json::string_or(use, "id"));
  }
  CHECK_OK(control.repository.commit(batch));
  CHECK_OK(control.reload_usage());
  return json::Object();
}

}  // namespace dew::apigateway
