// Usage plans: how often the keys in them may call which stages.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlan.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ids.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/usage_meter.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;
constexpr int kDaysOfWeek = 7;
constexpr int kDaysOfMonth = 28;

aws::ApiResult<void> check_throttle(const json::Object* throttle) {
  const auto limits = limits_of(throttle);
  if (!limits) return {};
  if (limits->rate < 0 || limits->burst < 0)
    return aws::fail(bad_request("Usage Plan throttle rate and burst limits must not be negative"));
  return {};
}

aws::ApiResult<void> check_quota(const json::Object& plan) {
  const auto* document = json::object_at(plan, "quota");
  if (!document) return {};
  const auto quota = quota_of(plan);
  if (!quota) {
    return aws::fail(bad_request("Usage Plan quota period must be one of DAY, WEEK, MONTH"));
  }
  if (quota->limit <= 0 && !document->contains("limit"))
    return aws::fail(bad_request("Usage Plan quota limit must be specified"));
  if (quota->limit < 0) return aws::fail(bad_request("Usage Plan quota limit must be positive"));
  switch (quota->period) {
    case Period::kDay:
      if (quota->offset != 0)
        return aws::fail(bad_request("Usage Plan quota offset must be zero in the DAY period"));
      break;
    case Period::kWeek:
      if (quota->offset < 0 || quota->offset >= kDaysOfWeek) {
        return aws::fail(bad_request(
            "Usage Plan quota offset must be between zero and six inclusive in the WEEK period"));
      }
      break;
    case Period::kMonth:
      if (quota->offset < 0 || quota->offset >= kDaysOfMonth) {
        return aws::fail(bad_request(
            "Usage Plan quota offset must be between zero and 27 inclusive in the MONTH period"));
      }
      break;
  }
  return {};
}

aws::ApiResult<void> check(Control& control, const json::Object& plan) {
  if (json::string_or(plan, "name").empty())
    return aws::fail(bad_request("Usage Plan name cannot be blank"));
  CHECK_OK(check_throttle(json::object_at(plan, "throttle")));
  CHECK_OK(check_quota(plan));
  const auto* stages = json::array_at(plan, "apiStages");
  if (!stages) return {};
  for (const auto& element : *stages) {
    const auto& stage = element.as_object();
    CHECK_OK(
        check_api_stage(control, json::string_or(stage, "apiId"), json::string_or(stage, "stage")));
    const auto* throttle = json::object_at(stage, "throttle");
    if (!throttle) continue;
    for (const auto& entry : *throttle) {
      if (entry.value().is_object()) CHECK_OK(check_throttle(&entry.value().get_object()));
    }
  }
  return {};
}

aws::ApiResult<json::Object> find(Control& control, const aws::Call& call) {
  TRY(auto plan, control.repository.get_global(kUsagePlan, text(call, "usagePlanId")));
  if (!plan) return aws::fail(no_such_usage_plan());
  return std::move(*plan);
}

aws::ApiResult<void> save(Control& control, const json::Object& plan) {
  store::Batch batch;
  Repository::put_global(batch, kUsagePlan, json::string_or(plan, "id"), plan);
  CHECK_OK(control.repository.commit(batch));
  return control.reload_usage();
}

aws::ApiResult<void> set_number(json::Object& to, std::string_view name,
                                const PatchOperation& operation) {
  if (operation.op == "remove") {
    to.erase(name);
    return {};
  }
  double number = 0;
  const auto& value = operation.value;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size())
    return aws::fail(bad_request("Invalid patch value specified: " + value));
  if (name == "rateLimit") {
    to[name] = number;
  } else {
    to[name] = static_cast<int64_t>(number);
  }
  return {};
}

aws::ApiError unknown_path(const PatchOperation& operation) {
  return bad_request(
      fmt::format("Invalid patch path  '{}' specified for op '{}'. Must be one of: [/name, "
                  "/description, /productCode, /apiStages, /throttle, /throttle/rateLimit, "
                  "/throttle/burstLimit, /quota, /quota/limit, /quota/offset, /quota/period]",
                  operation.path, operation.op));
}

// /throttle, /throttle/rateLimit, /quota/period, …
aws::ApiResult<void> patch_group(json::Object& plan, const PatchOperation& operation) {
  const auto& group = operation.tokens[0];
  if (operation.tokens.size() == 1) {
    if (operation.op != "remove") return aws::fail(unknown_path(operation));
    plan.erase(group);
    return {};
  }
  const auto& name = operation.tokens[1];
  const bool known = group == "throttle" ? name == "rateLimit" || name == "burstLimit"
                                         : name == "limit" || name == "offset" || name == "period";
  if (!known || operation.tokens.size() != 2) return aws::fail(unknown_path(operation));
  if (!plan.contains(group)) plan[group] = json::Object();
  auto& document = plan[group].as_object();
  if (name == "period") {
    document[name] = operation.value;
    return {};
  }
  return set_number(document, name, operation);
}

// /apiStages with API:STAGE as the value, or /apiStages/API:STAGE/throttle[/METHOD/LIMIT].
aws::ApiResult<void> patch_stages(json::Object& plan, const PatchOperation& operation) {
  const auto& tokens = operation.tokens;
  const auto& name = tokens.size() == 1 ? operation.value : tokens[1];
  const size_t colon = name.find(':');
  if (colon == std::string::npos) {
    return aws::fail(bad_request(
        "Invalid API Stage specified. Format should be {restApiId}:{stageName}: " + name));
  }
  const auto api = name.substr(0, colon);
  const auto stage_name = name.substr(colon + 1);
  if (!plan.contains("apiStages")) plan["apiStages"] = json::Array();
  auto& stages = plan["apiStages"].as_array();
  const auto at = std::ranges::find_if(stages, [&](const json::Value& one) {
    return json::string_or(one.as_object(), "apiId") == api &&
           json::string_or(one.as_object(), "stage") == stage_name;
  });
  if (tokens.size() == 1) {
    if (operation.op == "add") {
      if (at == stages.end())
        stages.emplace_back(json::Object{{"apiId", api}, {"stage", stage_name}});
      return {};
    }
    if (operation.op != "remove") return aws::fail(unknown_path(operation));
    if (at == stages.end()) return aws::fail(not_found("API Stage not found: " + name));
    stages.erase(at);
    return {};
  }
  if (at == stages.end()) return aws::fail(not_found("API Stage not found: " + name));
  auto& stage = at->as_object();
  if (tokens.size() < 3 || tokens[2] != "throttle") return aws::fail(unknown_path(operation));
  if (tokens.size() == 3) {
    if (operation.op == "remove") {
      stage.erase("throttle");
      return {};
    }
    auto value = json::parse(operation.value);
    if (!value || !value->is_object())
      return aws::fail(bad_request("Invalid patch value specified: " + operation.value));
    stage["throttle"] = *std::move(value);
    return {};
  }
  if (!stage.contains("throttle")) stage["throttle"] = json::Object();
  auto& throttle = stage["throttle"].as_object();
  const auto& method = tokens[3];
  if (tokens.size() == 4) {
    if (operation.op != "remove") return aws::fail(unknown_path(operation));
    throttle.erase(method);
    return {};
  }
  if (tokens[4] != "rateLimit" && tokens[4] != "burstLimit")
    return aws::fail(unknown_path(operation));
  if (!throttle.contains(method)) throttle[method] = json::Object();
  return set_number(throttle[method].as_object(), tokens[4], operation);
}

}  // namespace

Answer create_usage_plan(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  json::Object plan{{"id", random_alnum(6)}};
  for (const auto member : {"name", "description", "apiStages", "throttle", "quota", "tags"})
    copy_member(plan, call.input, member);
  if (!plan.contains("apiStages")) plan["apiStages"] = json::Array();
  CHECK_OK(check(control, plan));
  CHECK_OK(save(control, plan));
  return plan;
}

Answer get_usage_plan(Control& control, aws::Call& call) {
  TRY(auto plan, find(control, call));
  return plan;
}

Answer get_usage_plans(Control& control, aws::Call& call) {
  TRY(auto plans, control.repository.list_global(kUsagePlan));
  if (const auto key = text(call, "keyId"); !key.empty()) {
    TRY(const auto uses, control.repository.list_global(kUsagePlanKey));
    std::erase_if(plans, [&](const auto& plan) {
      return std::ranges::none_of(uses, [&](const auto& use) {
        return json::string_or(use, "keyId") == key &&
               json::string_or(use, "usagePlanId") == json::string_or(plan, "id");
      });
    });
  }
  return page(call, std::move(plans), "id", kDefaultPage);
}

Answer update_usage_plan(Control& control, aws::Call& call) {
  static constexpr auto kRules =
      std::to_array<PatchRule>({{"/name"}, {"/description"}, {"/productCode"}});
  const std::scoped_lock lock(control.write);
  TRY(auto plan, find(control, call));
  TRY(const auto operations, patch_operations(call.input));
  for (const auto& operation : operations) {
    const auto& first = operation.tokens.front();
    if (first == "apiStages") {
      CHECK_OK(patch_stages(plan, operation));
    } else if (first == "throttle" || first == "quota") {
      CHECK_OK(patch_group(plan, operation));
    } else {
      CHECK_OK(apply_patch(plan, operation, kRules));
    }
  }
  CHECK_OK(check(control, plan));
  CHECK_OK(save(control, plan));
  return plan;
}

Answer delete_usage_plan(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(const auto plan, find(control, call));
  const auto id = json::string_or(plan, "id");
  if (const auto* stages = json::array_at(plan, "apiStages"); stages && !stages->empty()) {
    return aws::fail(bad_request(
        fmt::format("Cannot delete Usage Plan {} since it has associated API stages", id)));
  }
  TRY(const auto uses, control.repository.list_global(kUsagePlanKey));
  store::Batch batch;
  Repository::erase_global(batch, kUsagePlan, id);
  for (const auto& use : uses) {
    if (json::string_or(use, "usagePlanId") == id)
      Repository::erase_global(batch, kUsagePlanKey, json::string_or(use, "id"));
  }
  CHECK_OK(control.repository.commit(batch));
  CHECK_OK(control.reload_usage());
  return json::Object();
}

}  // namespace dew::apigateway
