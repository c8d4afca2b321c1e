#include "authz/execute_api.h"

#include "base/log.h"

namespace dew::authz {

namespace {

using policy::Decision;
using policy::Source;
using enum Decision::Outcome;

constexpr Decision kLetIn{kAllowed, Source::kNone};

}  // namespace

aws::Call ExecuteApi::call_of(const Question& question) const {
  aws::Call out;
  out.service = "execute-api";
  out.region = region_;
  out.identity = question.caller;
  out.http = &question.request;
  return out;
}

Decision ExecuteApi::in_mode(const Question& question, const Decision& decision) const {
  if (decision.allowed() || mode_ == Mode::kEnforce) return decision;
  log::warn(
      "iam audit: {} would be denied: {}", question.action,
      policy::denial_message(decision, question.caller.arn, question.action, question.resource));
  return kLetIn;
}

Decision ExecuteApi::decide(const Question& question) const {
  if (mode_ == Mode::kOff) return kLetIn;
  const auto call = call_of(question);
  const Scope scope{call, call.operation, call.input, account_, sources_};
  const auto& caller = authorizer_.caller_of(question.caller);
  RequestContext context(scope, caller, clock_);
  policy::Policies policies;
  if (caller.attached) {
    policies.identity = caller.attached->identity;
    policies.boundary = caller.attached->boundary.get();
  }
  if (const auto& session = question.caller.session) {
    policies.session = session->policies;
    policies.in_session_policies = session->limited;
  }
  policies.resource = question.api_policy;
  const Check check{.action = question.action, .resource = std::string(question.resource)};
  context.about(check);
  return in_mode(question,
                 policy::evaluate({caller.principal, question.action, question.resource, context},
                                  policies, account_));
}

Decision ExecuteApi::decide(const Question& question, const policy::Policy* returned) const {
  const auto call = call_of(question);
  const Scope scope{call, call.operation, call.input, account_, sources_};
  const auto& caller = authorizer_.caller_of(question.caller);
  RequestContext context(scope, caller, clock_);
  const Check check{.action = question.action, .resource = std::string(question.resource)};
  context.about(check);
  const policy::Request request{caller.principal, question.action, question.resource, context};
  const auto of_api =
      question.api_policy ? question.api_policy->evaluate(request) : policy::Opinion{};
  if (of_api.denies && mode_ != Mode::kOff) {
    const auto decision = in_mode(question, {kExplicitDeny, Source::kResource});
    if (!decision.allowed()) return decision;
  }
  if (!returned) return kLetIn;
  const auto of_authorizer = returned->evaluate(request);
  if (of_authorizer.denies) return {kExplicitDeny, Source::kIdentity};
  if (of_authorizer.allows != policy::Grant::kNone) return {kAllowed, Source::kIdentity};
  if (of_api.allows != policy::Grant::kNone) return {kAllowed, Source::kResource};
  return {kImplicitDeny, Source::kIdentity};
}

}  // namespace dew::authz
