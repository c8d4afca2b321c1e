// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-corsrule.html
#include "services/cloudformation/resources/s3_rules.h"

#include "aws/timestamp.h"
#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

const std::string_view kBucketRules =
    "CorsConfiguration { CorsRules! [ { AllowedHeaders [ string ] AllowedMethods! [ string ] "
    "AllowedOrigins! [ string ] ExposedHeaders [ string ] Id string MaxAge int } ] } "
    "LifecycleConfiguration { Rules! [ { Id string Status! string Prefix string "
    "  ObjectSizeGreaterThan int ObjectSizeLessThan int "
    "  TagFilters [ { Key! string Value! string } ] "
    "  AbortIncompleteMultipartUpload { DaysAfterInitiation! int } "
    "  ExpirationDate string ExpirationInDays int ExpiredObjectDeleteMarker bool "
    "  NoncurrentVersionExpiration { NoncurrentDays! int NewerNoncurrentVersions int } "
    "  NoncurrentVersionExpirationInDays int "
    "  NoncurrentVersionTransition { StorageClass! string TransitionInDays! int "
    "    NewerNoncurrentVersions int } "
    "  NoncurrentVersionTransitions [ { StorageClass! string TransitionInDays! int "
    "    NewerNoncurrentVersions int } ] "
    "  Transition { StorageClass! string TransitionDate string TransitionInDays int } "
    "  Transitions [ { StorageClass! string TransitionDate string TransitionInDays int } ] } ] "
    "  TransitionDefaultMinimumObjectSize unsupported } ";

namespace {

ApiResult<json::Value> date(const json::Object& from, std::string_view name) {
  const auto seconds = aws::parse_iso8601(text(from, name));
  if (!seconds) {
    return invalid(
        fmt::format("{} must be a time in ISO 8601 format, not {}", name, text(from, name)));
  }
  return json::Value(*seconds);
}

// One condition stands alone; several stand in And.
json::Object filter_of(const json::Object& rule) {
  json::Object all;
  copy(all, rule, {"Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"});
  const auto* tags = json::array_at(rule, "TagFilters");
  const size_t count = all.size() + (tags == nullptr ? 0 : tags->size());
  if (count == 0) return {{"Prefix", ""}};
  if (count == 1 && tags != nullptr && tags->size() == 1) return {{"Tag", tags->front()}};
  if (count == 1) return all;
  if (tags != nullptr && !tags->empty()) all["Tags"] = *tags;
  return {{"And", std::move(all)}};
}

ApiResult<json::Object> transition_of(const json::Object& transition) {
  json::Object out;
  copy(out, transition, {"StorageClass", {"TransitionInDays", "Days"}});
  if (transition.contains("TransitionDate")) {
    TRY(out["Date"], date(transition, "TransitionDate"));
  }
  return out;
}

json::Object noncurrent_transition_of(const json::Object& transition) {
  json::Object out;
  copy(out, transition,
       {"StorageClass", "NewerNoncurrentVersions", {"TransitionInDays", "NoncurrentDays"}});
  return out;
}

// The old single form and the list.
std::vector<json::Object> both(const json::Object& rule, std::string_view one,
                               std::string_view many) {
  std::vector<json::Object> out;
  if (const auto* single = json::object_at(rule, one)) out.push_back(*single);
  if (const auto* list = json::array_at(rule, many)) {
    for (const auto& item : *list) out.push_back(item.as_object());
  }
  return out;
}

ApiResult<json::Object> rule_of(const json::Object& rule) {
  json::Object out{{"Filter", filter_of(rule)}};
  copy(out, rule,
       {{"Id", "ID"}, "Status", "AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"});
  json::Object expiration;
  copy(expiration, rule, {{"ExpirationInDays", "Days"}, "ExpiredObjectDeleteMarker"});
  if (rule.contains("ExpirationDate")) {
    TRY(expiration["Date"], date(rule, "ExpirationDate"));
  }
  if (!expiration.empty()) out["Expiration"] = std::move(expiration);
  if (const auto* days = json::find(rule, "NoncurrentVersionExpirationInDays"))
    out["NoncurrentVersionExpiration"] = json::Object{{"NoncurrentDays", *days}};
  json::Array transitions;
  for (const auto& transition : both(rule, "Transition", "Transitions")) {
    TRY(auto one, transition_of(transition));
    transitions.emplace_back(std::move(one));
  }
  if (!transitions.empty()) out["Transitions"] = std::move(transitions);
  json::Array noncurrent;
  for (const auto& transition :
       both(rule, "NoncurrentVersionTransition", "NoncurrentVersionTransitions")) {
    noncurrent.emplace_back(noncurrent_transition_of(transition));
  }
  if (!noncurrent.empty()) out["NoncurrentVersionTransitions"] = std::move(noncurrent);
  return out;
}

}  // namespace

json::Object cors_input(const json::Object& cors) {
  json::Array rules;
  for (const auto& rule : cors.at("CorsRules").as_array()) {
    json::Object out;
    copy(out, rule.as_object(),
         {"AllowedHeaders",
          "AllowedMethods",
          "AllowedOrigins",
          {"ExposedHeaders", "ExposeHeaders"},
          {"Id", "ID"},
          {"MaxAge", "MaxAgeSeconds"}});
    rules.emplace_back(std::move(out));
  }
  return {{"CORSRules", std::move(rules)}};
}

ApiResult<json::Object> lifecycle_input(const json::Object& lifecycle) {
  json::Array rules;
  for (const auto& rule : lifecycle.at("Rules").as_array()) {
    TRY(auto out, rule_of(rule.as_object()));
    rules.emplace_back(std::move(out));
  }
  return json::Object{{"Rules", std::move(rules)}};
}

}  // namespace dew::cloudformation
