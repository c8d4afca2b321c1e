// Rules: which IAM actions an operation needs, on which resources, and with which service condition
// keys, as the Service Authorization Reference lists them for each service.
// docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
//
// One table per service (rules_SERVICE.cc). An operation without a rule does not start the cloud:
// there is no default. Tables are immutable; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "authz/sources.h"
#include "aws/call.h"
#include "policy/context.h"

namespace dew::authz {

// What a rule may look at.
struct Scope {
  const aws::Call& call;
  std::string_view operation;   // the call's, or another that is asked for on its way
  const json::Object& members;  // that operation's input
  std::string_view account;
  Sources& sources;

  const json::Object& input() const { return members; }
  std::string_view text(std::string_view member) const {
    return json::string_at(members, member).value_or(std::string_view());
  }
};

struct Check;
// The values of a service condition key ("dynamodb:leadingkeys"); false: the request has no such
// key.
using Keys = bool (*)(const Scope&, const Check&, std::string_view key, policy::Values& out);

enum class ResourcePolicyKind { kNone, kBucket, kFunction, kTrust };

// One action on one resource. Made afresh for each request, in memory that is used again.
struct Check {
  std::string_view action;
  std::string resource;
  std::string shown;      // in a denial's message instead of the resource
  bool nameless = false;  // the message names no resource
  Keys keys = nullptr;
  const json::Value* subject = nullptr;  // the part of the input that this check is about
  std::string_view passed_to;            // iam:PassedToService
  ResourcePolicyKind policy = ResourcePolicyKind::kNone;
  std::string_view version;  // of an S3 object; empty for the newest
};

class Checks {
 public:
  Check& add(std::string_view action, Keys keys = nullptr) {
    if (used_ == list_.size()) list_.emplace_back();
    Check& check = list_[used_++];
    check.action = action;
    check.resource.clear();
    check.shown.clear();
    check.nameless = false;
    check.keys = keys;
    check.subject = nullptr;
    check.passed_to = {};
    check.policy = ResourcePolicyKind::kNone;
    check.version = {};
    return check;
  }
  std::span<Check> list() { return std::span(list_).first(used_); }
  void clear() { used_ = 0; }

 private:
  std::vector<Check> list_;
  size_t used_ = 0;
};

using Resource = void (*)(const Scope&, Check&);
using More = void (*)(const Scope&, Checks&);

struct Rule {
  std::string_view operation;
  std::string_view action;  // empty: `more` says everything; with neither, nothing is needed
  Resource resource = nullptr;
  Keys keys = nullptr;
  More more = nullptr;
};

// nullptr: no such rule.
const Rule* find_rule(std::string_view service, std::string_view operation);

// Sorted by operation.
std::vector<Rule> dynamodb_rules();
std::vector<Rule> s3_rules();
std::vector<Rule> lambda_rules();
std::vector<Rule> iam_rules();
std::vector<Rule> sts_rules();
std::vector<Rule> ssm_rules();
std::vector<Rule> logs_rules();
std::vector<Rule> cloudformation_rules();
std::vector<Rule> apigateway_rules();
std::vector<Rule> ecr_rules();
std::vector<Rule> xray_rules();
std::vector<Rule> codedeploy_rules();
std::vector<Rule> cloudwatch_rules();

// For the tables.
void any_resource(const Scope& scope, Check& check);
// "arn:aws:SERVICE:REGION:ACCOUNT:" and the rest.
void append_arn(const Scope& scope, std::string_view service, std::string& out);
// iam:PassRole, where a service is given a role to act in.
void pass_role(const Scope& scope, Checks& checks, std::string_view role_arn,
               std::string_view service);

}  // namespace dew::authz
