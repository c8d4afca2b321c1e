// docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
#include "authz/rule.h"

namespace dew::authz {

namespace {

// A group's ARN ends in an id that its name does not give.
void group_by(const Scope& scope, std::string_view name, std::string_view arn, Check& check) {
  if (!arn.empty()) {
    check.resource = arn;
    return;
  }
  append_arn(scope, "xray", check.resource);
  check.resource.append("group/").append(name).append("/*");
}
void group(const Scope& scope, Check& check) {
  group_by(scope, scope.text("GroupName"), scope.text("GroupARN"), check);
}

void rule_by(const Scope& scope, std::string_view name, std::string_view arn, Check& check) {
  if (!arn.empty()) {
    check.resource = arn;
    return;
  }
  append_arn(scope, "xray", check.resource);
  check.resource.append("sampling-rule/").append(name);
}
void rule(const Scope& scope, Check& check) {
  rule_by(scope, scope.text("RuleName"), scope.text("RuleARN"), check);
}
void rule_in(const Scope& scope, std::string_view member, Check& check) {
  const auto* inner = json::object_at(scope.input(), member);
  const auto text = [&](std::string_view name) {
    return inner == nullptr ? std::string_view()
                            : json::string_at(*inner, name).value_or(std::string_view());
  };
  rule_by(scope, text("RuleName"), text("RuleARN"), check);
}
void new_rule(const Scope& scope, Check& check) { rule_in(scope, "SamplingRule", check); }
void changed_rule(const Scope& scope, Check& check) { rule_in(scope, "SamplingRuleUpdate", check); }
void arn(const Scope& scope, Check& check) { check.resource = scope.text("ResourceARN"); }

}  // namespace

std::vector<Rule> xray_rules() {
  return {
      {"BatchGetTraces", "xray:BatchGetTraces", any_resource},
      {"CreateGroup", "xray:CreateGroup", group},
      {"CreateSamplingRule", "xray:CreateSamplingRule", new_rule},
      {"DeleteGroup", "xray:DeleteGroup", group},
      {"DeleteSamplingRule", "xray:DeleteSamplingRule", rule},
      {"GetEncryptionConfig", "xray:GetEncryptionConfig", any_resource},
      {"GetGroup", "xray:GetGroup", group},
      {"GetGroups", "xray:GetGroups", any_resource},
      {"GetSamplingRules", "xray:GetSamplingRules", any_resource},
      {"GetSamplingStatisticSummaries", "xray:GetSamplingStatisticSummaries", any_resource},
      {"GetSamplingTargets", "xray:GetSamplingTargets", any_resource},
      {"GetServiceGraph", "xray:GetServiceGraph", any_resource},
      {"GetTimeSeriesServiceStatistics", "xray:GetTimeSeriesServiceStatistics", any_resource},
      {"GetTraceGraph", "xray:GetTraceGraph", any_resource},
      {"GetTraceSummaries", "xray:GetTraceSummaries", any_resource},
      {"ListTagsForResource", "xray:ListTagsForResource", arn},
      {"PutEncryptionConfig", "xray:PutEncryptionConfig", any_resource},
      {"PutTelemetryRecords", "xray:PutTelemetryRecords", any_resource},
      {"PutTraceSegments", "xray:PutTraceSegments", any_resource},
      {"TagResource", "xray:TagResource", arn},
      {"UntagResource", "xray:UntagResource", arn},
      {"UpdateGroup", "xray:UpdateGroup", group},
      {"UpdateSamplingRule", "xray:UpdateSamplingRule", changed_rule},
  };
}

}  // namespace dew::authz
