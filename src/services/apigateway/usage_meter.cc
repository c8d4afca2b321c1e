#include "services/apigateway/usage_meter.h"

#include <fmt/format.h>

#include "base/log.h"

namespace dew::apigateway {

namespace {

using std::chrono::sys_days;

constexpr size_t kMaxBuckets = 100'000;
constexpr int kTooMany = 429;

Refusal forbidden() {
  return {.type = "INVALID_API_KEY",
          .status = 403,
          .code = "ForbiddenException",
          .message = "Forbidden"};
}

std::string usage_id(std::string_view plan_id, std::string_view key_id, sys_days day) {
  return fmt::format("{}/{}/{}", plan_id, key_id, day_text(day));
}
std::string grant_id(std::string_view plan_id, std::string_view key_id) {
  return fmt::format("{}/{}/granted", plan_id, key_id);
}

}  // namespace

std::optional<Limits> limits_of(const json::Object* throttle) {
  if (!throttle) return std::nullopt;
  const auto rate = json::number_at(*throttle, "rateLimit");
  const auto burst = json::number_at(*throttle, "burstLimit");
  if (!rate && !burst) return std::nullopt;
  // The account's limits stand for the one that is not given.
  return Limits{rate.value_or(kAccountLimits.rate), burst.value_or(kAccountLimits.burst)};
}

std::optional<Quota> quota_of(const json::Object& plan) {
  const auto* quota = json::object_at(plan, "quota");
  const auto period = quota ? parse_period(json::string_or(*quota, "period")) : std::nullopt;
  if (!period) return std::nullopt;
  return Quota{json::int_at(*quota, "limit").value_or(0),
               static_cast<int>(json::int_at(*quota, "offset").value_or(0)), *period};
}

UsageMeter::Plan UsageMeter::plan_of(const json::Object& document) {
  Plan out;
  out.id = json::string_or(document, "id");
  out.limits = limits_of(json::object_at(document, "throttle"));
  out.quota = quota_of(document);
  const auto* stages = json::array_at(document, "apiStages");
  if (!stages) return out;
  for (const auto& element : *stages) {
    const auto& stage = element.as_object();
    auto& methods = out.methods[fmt::format("{}:{}", json::string_or(stage, "apiId"),
                                            json::string_or(stage, "stage"))];
    const auto* throttle = json::object_at(stage, "throttle");
    if (!throttle) continue;
    for (const auto& entry : *throttle) {
      if (!entry.value().is_object()) continue;
      if (const auto limits = limits_of(&entry.value().get_object()))
        methods[std::string(entry.key())] = *limits;
    }
  }
  return out;
}

aws::ApiResult<void> UsageMeter::load() {
  TRY(const auto keys, repository_.list_global(kApiKey));
  TRY(const auto plans, repository_.list_global(kUsagePlan));
  TRY(const auto uses, repository_.list_global(kUsagePlanKey));
  auto table = std::make_shared<Table>();
  std::map<std::string, Key*> by_id;
  for (const auto& key : keys) {
    auto& made = (*table)[json::string_or(key, "value")];
    made.id = json::string_or(key, "id");
    made.enabled = json::bool_at(key, "enabled").value_or(false);
    by_id[made.id] = &made;
  }
  std::map<std::string, std::shared_ptr<const Plan>> plan_by_id;
  for (const auto& plan : plans)
    plan_by_id[json::string_or(plan, "id")] = std::make_shared<const Plan>(plan_of(plan));
  for (const auto& use : uses) {
    const auto key = by_id.find(json::string_or(use, "keyId"));
    const auto plan = plan_by_id.find(json::string_or(use, "usagePlanId"));
    if (key != by_id.end() && plan != plan_by_id.end()) key->second->plans.push_back(plan->second);
  }
  table_.with([&](auto& current) { current = std::move(table); });
  return {};
}

sys_days UsageMeter::today() const { return std::chrono::floor<std::chrono::days>(clock_.now()); }

bool UsageMeter::within_limits(const Plan& plan, const Key& key, const Question& question) {
  const auto& methods = plan.methods.find(question.api_stage)->second;
  const auto own = methods.find(question.method_key);
  const auto limits = own != methods.end() ? std::optional(own->second) : plan.limits;
  if (!limits) return true;
  // A method with limits of its own has a bucket of its own.
  const auto name = own != methods.end() ? fmt::format("{}/{}/{}{}", plan.id, key.id,
                                                       question.api_stage, question.method_key)
                                         : fmt::format("{}/{}", plan.id, key.id);
  auto bucket = buckets_.read([&](const auto& buckets) -> std::shared_ptr<TokenBucket> {
    const auto found = buckets.find(name);
    return found == buckets.end() ? nullptr : found->second;
  });
  if (!bucket) {
    bucket = buckets_.with([&](auto& buckets) {
      if (buckets.size() >= kMaxBuckets) buckets.clear();
      auto& made = buckets[name];
      if (!made) made = std::make_shared<TokenBucket>();
      return made;
    });
  }
  const auto now = clock_.now().time_since_epoch();
  return bucket->take(*limits, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

std::expected<UsageMeter::Passed, Refusal> UsageMeter::pass(const Question& question) {
  const auto table = table_.read([](const auto& current) { return current; });
  const auto key = question.key.empty() ? table->end() : table->find(question.key);
  if (key == table->end() || !key->second.enabled) return std::unexpected(forbidden());
  const Plan* plan = nullptr;
  for (const auto& one : key->second.plans) {
    if (one->methods.contains(question.api_stage)) {
      plan = one.get();
      break;
    }
  }
  if (!plan) return std::unexpected(forbidden());
  if (!within_limits(*plan, key->second, question)) {
    return std::unexpected(Refusal{.type = "THROTTLED",
                                   .status = kTooMany,
                                   .code = "TooManyRequestsException",
                                   .message = "Too Many Requests"});
  }
  const auto counted = count(*plan, key->second.id);
  if (!counted) {
    log::error("the usage of the plan {} could not be counted: {}", plan->id,
               counted.error().message);
  }
  if (counted && !*counted) {
    return std::unexpected(Refusal{.type = "QUOTA_EXCEEDED",
                                   .status = kTooMany,
                                   .code = "LimitExceededException",
                                   .message = "Limit Exceeded"});
  }
  return Passed{key->second.id};
}

aws::ApiResult<UsageMeter::Count> UsageMeter::read_count(std::string_view plan_id,
                                                         const std::optional<Quota>& quota,
                                                         std::string_view key_id,
                                                         sys_days today) const {
  Count out;
  out.day = today;
  out.period = quota ? period_start(today, quota->period, quota->offset) : today;
  for (auto day = out.period; day <= today; day += std::chrono::days(1)) {
    TRY(const auto stored, repository_.get_global(kUsage, usage_id(plan_id, key_id, day)));
    const auto used = stored ? json::int_at(*stored, "used").value_or(0) : 0;
    out.used += used;
    if (day == today) out.used_today = used;
  }
  TRY(const auto granted, repository_.get_global(kUsage, grant_id(plan_id, key_id)));
  if (granted && json::string_or(*granted, "period") == day_text(out.period))
    out.extra = json::int_at(*granted, "extra").value_or(0);
  return out;
}

aws::ApiResult<bool> UsageMeter::count(const Plan& plan, std::string_view key_id) {
  const auto now = today();
  const auto name = fmt::format("{}/{}", plan.id, key_id);
  const std::scoped_lock lock(counting_);
  auto it = counts_.find(name);
  const auto period = plan.quota ? period_start(now, plan.quota->period, plan.quota->offset) : now;
  if (it == counts_.end() || it->second.period != period || it->second.day != now) {
    TRY(auto fresh, read_count(plan.id, plan.quota, key_id, now));
    it = counts_.insert_or_assign(name, fresh).first;
  }
  auto& count = it->second;
  if (plan.quota && count.used >= plan.quota->limit + count.extra) return false;
  const int64_t left = plan.quota ? plan.quota->limit + count.extra - count.used - 1 : 0;
  store::Batch batch;
  Repository::put_global(batch, kUsage, usage_id(plan.id, key_id, now),
                         {{"used", count.used_today + 1}, {"remaining", left}});
  CHECK_OK(repository_.commit(batch));
  ++count.used;
  ++count.used_today;
  return true;
}

aws::ApiResult<std::vector<UsageMeter::Day>> UsageMeter::usage(const json::Object& plan,
                                                               std::string_view key_id,
                                                               sys_days from, sys_days to) const {
  const auto plan_id = json::string_or(plan, "id");
  const auto quota = quota_of(plan);
  std::vector<Day> out;
  int64_t remaining = quota ? quota->limit : 0;
  for (auto day = from; day <= to; day += std::chrono::days(1)) {
    TRY(const auto stored, repository_.get_global(kUsage, usage_id(plan_id, key_id, day)));
    if (quota && period_start(day, quota->period, quota->offset) == day) remaining = quota->limit;
    if (stored) remaining = json::int_at(*stored, "remaining").value_or(0);
    out.push_back({day, stored ? json::int_at(*stored, "used").value_or(0) : 0, remaining});
  }
  return out;
}

aws::ApiResult<void> UsageMeter::set_remaining(const json::Object& plan, std::string_view key_id,
                                               int64_t remaining) {
  const auto plan_id = json::string_or(plan, "id");
  const auto quota = quota_of(plan);
  const auto now = today();
  const std::scoped_lock lock(counting_);
  TRY(auto count, read_count(plan_id, quota, key_id, now));
  count.extra = remaining - (quota ? quota->limit : 0) + count.used;
  store::Batch batch;
  Repository::put_global(batch, kUsage, grant_id(plan_id, key_id),
                         {{"period", day_text(count.period)}, {"extra", count.extra}});
  Repository::put_global(batch, kUsage, usage_id(plan_id, key_id, now),
                         {{"used", count.used_today}, {"remaining", remaining}});
  CHECK_OK(repository_.commit(batch));
  counts_.insert_or_assign(fmt::format("{}/{}", plan_id, key_id), count);
  return {};
}

}  // namespace dew::apigateway
