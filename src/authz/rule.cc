#include "authz/rule.h"

#include <algorithm>
#include <array>

namespace dew::authz {

namespace {

struct Service {
  std::string_view name;
  std::vector<Rule> rules;
};

const std::array<Service, 13>& services() {
  static const auto kServices = [] {
    std::array<Service, 13> all = {{{"dynamodb", dynamodb_rules()},
                                    {"s3", s3_rules()},
                                    {"lambda", lambda_rules()},
                                    {"iam", iam_rules()},
                                    {"sts", sts_rules()},
                                    {"ssm", ssm_rules()},
                                    {"logs", logs_rules()},
                                    {"cloudformation", cloudformation_rules()},
                                    {"apigateway", apigateway_rules()},
                                    {"ecr", ecr_rules()},
                                    {"xray", xray_rules()},
                                    {"codedeploy", codedeploy_rules()},
                                    {"cloudwatch", cloudwatch_rules()}}};
    for (auto& service : all) std::ranges::sort(service.rules, {}, &Rule::operation);
    return all;
  }();
  return kServices;
}

}  // namespace

const Rule* find_rule(std::string_view service, std::string_view operation) {
  for (const auto& one : services()) {
    if (one.name != service) continue;
    const auto it = std::ranges::lower_bound(one.rules, operation, {}, &Rule::operation);
    return it != one.rules.end() && it->operation == operation ? &*it : nullptr;
  }
  return nullptr;
}

void any_resource(const Scope&, Check& check) { check.resource = "*"; }

void append_arn(const Scope& scope, std::string_view service, std::string& out) {
  out.append("arn:aws:").append(service).append(":").append(scope.call.region).append(":");
  out.append(scope.account).append(":");
}

void pass_role(const Scope&, Checks& checks, std::string_view role_arn, std::string_view service) {
  if (role_arn.empty()) return;
  auto& check = checks.add("iam:PassRole");
  check.resource = role_arn;
  check.passed_to = service;
}

}  // namespace dew::authz
