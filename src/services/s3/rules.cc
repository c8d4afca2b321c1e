// CORS rules: checked, stored and given back; cors.h applies them.
#include <algorithm>

#include "services/s3/settings.h"

namespace dew::s3 {

namespace {

constexpr size_t kMaxCorsRules = 100;  // API_PutBucketCors.html

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

}  // namespace

void add_rule_operations(const Add& add) { add("PutBucketCors", put_cors); }

}  // namespace dew::s3
