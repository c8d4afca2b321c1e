// Which API keys a usage plan is for, and how often each was used.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlanKey.html, API_GetUsage.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/usage_meter.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;
constexpr std::chrono::days kMaxUsageDays(90);

std::string use_id(std::string_view plan, std::string_view key) {
  return fmt::format("{}/{}", plan, key);
}

aws::ApiResult<json::Object> find_plan(Control& control, const aws::Call& call) {
  TRY(auto plan, control.repository.get_global(kUsagePlan, text(call, "usagePlanId")));
  if (!plan) return aws::fail(no_such_usage_plan());
  return std::move(*plan);
}

// The key as the plan shows it; nullopt: it is not in the plan.
aws::ApiResult<std::optional<json::Object>> key_in(Control& control, std::string_view plan,
                                                   std::string_view key_id) {
  TRY(const auto use, control.repository.get_global(kUsagePlanKey, use_id(plan, key_id)));
  if (!use) return std::optional<json::Object>();
  TRY(const auto key, control.repository.get_global(kApiKey, key_id));
  if (!key) return std::optional<json::Object>();
  json::Object out{{"id", key_id}, {"type", "API_KEY"}};
  copy_member(out, *key, "value");
  copy_member(out, *key, "name");
  return std::optional(std::move(out));
}

aws::ApiResult<json::Object> usage_of(Control& control, const json::Object& plan,
                                      const std::vector<std::string>& keys,
                                      std::chrono::sys_days from, std::chrono::sys_days to) {
  json::Object items;
  for (const auto& key : keys) {
    TRY(const auto days, control.usage->usage(plan, key, from, to));
    json::Array list;
    for (const auto& day : days) list.emplace_back(json::Array{day.used, day.remaining});
    items[key] = std::move(list);
  }
  return json::Object{{"usagePlanId", json::string_or(plan, "id")},
                      {"startDate", day_text(from)},
                      {"endDate", day_text(to)},
                      {"items", std::move(items)}};
}

}  // namespace

Answer create_usage_plan_key(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(const auto plan, find_plan(control, call));
  const auto plan_id = text(call, "usagePlanId");
  const auto key_id = text(call, "keyId");
  if (text(call, "keyType") != "API_KEY") {
    return aws::fail(bad_request("Usage plan key type must be API_KEY"));
  }
  TRY(const auto key, control.repository.get_global(kApiKey, key_id));
  if (!key) return aws::fail(no_such_api_key());
  TRY(const auto existing, control.repository.get_global(kUsagePlanKey, use_id(plan_id, key_id)));
  if (existing) {
    return aws::fail(conflict(fmt::format(
        "Usage plan {} cannot be added because API Key {} is already in it", plan_id, key_id)));
  }
  store::Batch batch;
  Repository::put_global(
      batch, kUsagePlanKey, use_id(plan_id, key_id),
      {{"id", use_id(plan_id, key_id)}, {"usagePlanId", plan_id}, {"keyId", key_id}});
  CHECK_OK(control.repository.commit(batch));
  CHECK_OK(control.reload_usage());
  TRY(auto made, key_in(control, plan_id, key_id));
  if (!made) return aws::fail(no_such_api_key());
  return std::move(*made);
}

Answer get_usage_plan_key(Control& control, aws::Call& call) {
  CHECK_OK(find_plan(control, call));
  TRY(auto key, key_in(control, text(call, "usagePlanId"), text(call, "keyId")));
  if (!key) return aws::fail(not_found("Invalid Usage Plan Key identifier specified"));
  return std::move(*key);
}

Answer get_usage_plan_keys(Control& control, aws::Call& call) {
  CHECK_OK(find_plan(control, call));
  const auto plan = text(call, "usagePlanId");
  const auto prefix = text(call, "nameQuery");
  TRY(const auto uses, control.repository.list_global(kUsagePlanKey));
  Repository::Documents keys;
  for (const auto& use : uses) {
    if (json::string_or(use, "usagePlanId") != plan) continue;
    TRY(auto key, key_in(control, plan, json::string_or(use, "keyId")));
    if (key && json::string_or(*key, "name").starts_with(prefix)) keys.push_back(std::move(*key));
  }
  return page(call, std::move(keys), "id", kDefaultPage);
}

Answer delete_usage_plan_key(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(find_plan(control, call));
  const auto id = use_id(text(call, "usagePlanId"), text(call, "keyId"));
  TRY(const auto use, control.repository.get_global(kUsagePlanKey, id));
  if (!use) return aws::fail(not_found("Invalid Usage Plan Key identifier specified"));
  store::Batch batch;
  Repository::erase_global(batch, kUsagePlanKey, id);
  CHECK_OK(control.repository.commit(batch));
  CHECK_OK(control.reload_usage());
  return json::Object();
}

Answer get_usage(Control& control, aws::Call& call) {
  TRY(const auto plan, find_plan(control, call));
  const auto from = parse_day(text(call, "startDate"));
  const auto to = parse_day(text(call, "endDate"));
  if (!from || !to || *to < *from || *to - *from >= kMaxUsageDays) {
    return aws::fail(bad_request(
        "Usage start date and end date must be days as in 2026-11-26, in order, at most 90 of "
        "them"));
  }
  std::vector<std::string> keys;
  if (const auto key = text(call, "keyId"); !key.empty()) {
    TRY(const auto use,
        control.repository.get_global(kUsagePlanKey, use_id(text(call, "usagePlanId"), key)));
    if (!use) return aws::fail(not_found("Invalid Usage Plan Key identifier specified"));
    keys.push_back(key);
  } else {
    TRY(const auto uses, control.repository.list_global(kUsagePlanKey));
    for (const auto& use : uses) {
      if (json::string_or(use, "usagePlanId") == text(call, "usagePlanId"))
        keys.push_back(json::string_or(use, "keyId"));
    }
  }
  TRY(auto out, usage_of(control, plan, keys, *from, *to));
  return out;
}

Answer update_usage(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(const auto plan, find_plan(control, call));
  const auto key_id = text(call, "keyId");
  TRY(const auto use,
      control.repository.get_global(kUsagePlanKey, use_id(text(call, "usagePlanId"), key_id)));
  if (!use) return aws::fail(not_found("Invalid Usage Plan Key identifier specified"));
  TRY(const auto operations, patch_operations(call.input));
  for (const auto& operation : operations) {
    int64_t remaining = -1;
    const auto& value = operation.value;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), remaining);
    if (operation.path != "/remaining" || operation.op != "replace" || error != std::errc() ||
        end != value.data() + value.size() || remaining < 0) {
      return aws::fail(bad_request(fmt::format(
          "Invalid patch path  '{}' specified for op '{}'. Must be one of: [/remaining]",
          operation.path, operation.op)));
    }
    CHECK_OK(control.usage->set_remaining(plan, key_id, remaining));
  }
  const auto today = std::chrono::floor<std::chrono::days>(control.context.clock.now());
  TRY(auto out, usage_of(control, plan, {key_id}, today, today));
  return out;
}

}  // namespace dew::apigateway
