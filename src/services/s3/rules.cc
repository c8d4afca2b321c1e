// CORS and lifecycle rules: checked, stored and given back.
#include <algorithm>
#include <set>

#include "services/s3/settings.h"

namespace dew::s3 {

namespace {

constexpr size_t kMaxCorsRules = 100;        // API_PutBucketCors.html
constexpr size_t kMaxLifecycleRules = 1000;  // API_PutBucketLifecycleConfiguration.html
constexpr size_t kMaxRuleId = 255;

std::unexpected<aws::ApiError> malformed() {
  return aws::fail("MalformedXML",
                   "The XML you provided was not well-formed or did not validate against our "
                   "published schema");
}
std::unexpected<aws::ApiError> invalid(std::string message) {
  return aws::fail("InvalidRequest", std::move(message));
}

ApiResult<void> check_cors_rule(const json::Object& rule) {
  static constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
  const auto* methods = json::array_at(rule, "AllowedMethods");
  const auto* origins = json::array_at(rule, "AllowedOrigins");
  if (methods == nullptr || methods->empty() || origins == nullptr || origins->empty())
    return malformed();
  for (const auto& method : *methods) {
    if (std::ranges::find(kMethods, json::view(method.as_string())) == std::end(kMethods)) {
      return invalid(
          fmt::format("Found unsupported HTTP method in CORS config. Unsupported method "
                      "is {}",
                      json::str(method)));
    }
  }
  const auto one_star = [](const json::Array* list) {
    return list == nullptr || std::ranges::all_of(*list, [](const json::Value& value) {
             return std::ranges::count(value.as_string(), '*') <= 1;
           });
  };
  if (!one_star(origins)) return invalid("AllowedOrigin can not have more than one wildcard.");
  if (!one_star(json::array_at(rule, "AllowedHeaders")))
    return invalid("AllowedHeader can not have more than one wildcard.");
  return {};
}

ApiResult<json::Value> put_cors(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "CORSConfiguration");
  const auto* rules = wanted == nullptr ? nullptr : json::array_at(*wanted, "CORSRules");
  if (rules == nullptr || rules->empty() || rules->size() > kMaxCorsRules) return malformed();
  for (const auto& rule : *rules) CHECK_OK(check_cors_rule(rule.as_object()));
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket["Cors"] = *rules;
    return {};
  });
}

ApiResult<void> check_lifecycle_rule(const json::Object& rule, std::set<std::string>& ids) {
  const auto id = json::string_or(rule, "ID");
  if (id.size() > kMaxRuleId)
    return aws::fail("InvalidArgument", "ID length should not exceed allowed limit of 255");
  if (!id.empty() && !ids.insert(id).second)
    return aws::fail("InvalidArgument",
                     "Rule ID must be unique. Found same ID for more than one rule");
  const auto status = json::string_or(rule, "Status");
  if (status != "Enabled" && status != "Disabled") return malformed();
  if (rule.contains("Filter") && rule.contains("Prefix")) return malformed();
  if (!rule.contains("Filter") && !rule.contains("Prefix")) return malformed();
  static constexpr const char* kActions[] = {
      "Expiration", "Transitions", "NoncurrentVersionTransitions", "NoncurrentVersionExpiration",
      "AbortIncompleteMultipartUpload"};
  if (std::ranges::none_of(kActions, [&](const char* name) { return rule.contains(name); }))
    return invalid("At least one action needs to be specified in a rule");
  if (const auto* expiration = json::object_at(rule, "Expiration")) {
    const auto days = json::int_at(*expiration, "Days");
    if (days && *days <= 0)
      return aws::fail("InvalidArgument",
                       "'Days' for Expiration action must be a positive integer");
    const int given = (days ? 1 : 0) + (expiration->contains("Date") ? 1 : 0) +
                      (expiration->contains("ExpiredObjectDeleteMarker") ? 1 : 0);
    if (given != 1) return malformed();
  }
  if (const auto* abort = json::object_at(rule, "AbortIncompleteMultipartUpload");
      abort != nullptr && json::int_at(*abort, "DaysAfterInitiation").value_or(0) <= 0) {
    return aws::fail("InvalidArgument",
                     "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a "
                     "positive integer");
  }
  return {};
}

ApiResult<json::Value> put_lifecycle(State& state, Call& call) {
  const auto* wanted = json::object_at(call.input, "LifecycleConfiguration");
  const auto* rules = wanted == nullptr ? nullptr : json::array_at(*wanted, "Rules");
  if (rules == nullptr || rules->empty() || rules->size() > kMaxLifecycleRules) return malformed();
  std::set<std::string> ids;
  for (const auto& rule : *rules) CHECK_OK(check_lifecycle_rule(rule.as_object(), ids));
  auto stored = *rules;
  int number = 0;
  for (auto& rule : stored) {
    ++number;
    if (!rule.as_object().contains("ID")) rule.as_object()["ID"] = fmt::format("rule-{}", number);
  }
  return change_bucket(state, call.input, [&](json::Object& bucket) -> ApiResult<void> {
    bucket["Lifecycle"] = std::move(stored);
    return {};
  });
}

}  // namespace

void add_rule_operations(const Add& add) {
  add("PutBucketCors", put_cors);
  add("PutBucketLifecycleConfiguration", put_lifecycle);
}

}  // namespace dew::s3
