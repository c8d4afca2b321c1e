#include "authz/authorizer.h"

#include <fmt/format.h>

#include <unordered_map>

#include "base/log.h"

namespace dew::authz {

namespace {

using Kind = policy::Principal::Kind;

// What a thread keeps at most; then it begins anew.
constexpr size_t kMaxKnown = 4096;

struct Hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct Known {
  uint64_t version = 0;
  std::string user_id;
  Caller caller;
};

// The part between two marks of an ARN's resource.
std::string_view between(std::string_view text, std::string_view mark, char end) {
  const auto at = text.find(mark);
  if (at == text.npos) return {};
  text.remove_prefix(at + mark.size());
  return text.substr(0, text.find(end));
}

std::string_view last_part(std::string_view text) { return text.substr(text.rfind('/') + 1); }

Caller resolve(const aws::Identity& identity, const Sources& sources) {
  Caller out{.principal = principal_of(identity), .attached = nullptr, .name = {}};
  auto& who = out.principal;
  if (who.kind == Kind::kUser) {
    out.name = last_part(who.arn);
    out.attached = sources.user(out.name);
    if (out.attached && out.attached->id != identity.user_id) out.attached = nullptr;
  } else if (who.kind == Kind::kRoleSession) {
    out.attached = sources.role(between(who.arn, ":assumed-role/", '/'));
    // A role of the same name that was made later is another one.
    if (out.attached && !identity.user_id.starts_with(out.attached->id + ":")) {
      out.attached = nullptr;
    }
    if (out.attached) who.role_arn = out.attached->arn;
  }
  who.bounded = out.attached && out.attached->boundary;
  return out;
}

bool is_bucket_policy_action(std::string_view action) {
  return action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" ||
         action == "s3:DeleteBucketPolicy";
}

}  // namespace

policy::Principal principal_of(const aws::Identity& identity) {
  policy::Principal who{
      .kind = Kind::kService, .account = identity.account, .arn = identity.arn, .role_arn = {}};
  const std::string_view arn = identity.arn;
  if (identity.anonymous) {
    who = {};
  } else if (arn.starts_with("arn:aws:iam::") && arn.ends_with(":root")) {
    who.kind = Kind::kRoot;
  } else if (arn.find(":user/") != arn.npos) {
    who.kind = Kind::kUser;
  } else if (arn.find(":assumed-role/") != arn.npos) {
    who.kind = Kind::kRoleSession;
    who.role_arn = fmt::format("arn:aws:iam::{}:role/{}", identity.account,
                               between(arn, ":assumed-role/", '/'));
  } else {
    who.account.clear();
  }
  return who;
}

aws::ApiError access_denied(std::string_view service, std::string message) {
  if (service == "lambda" || service == "apigateway") {
    return {"AccessDeniedException", std::move(message), 403};
  }
  if (service == "dynamodb" || service == "ssm" || service == "logs" || service == "ecr" ||
      service == "codedeploy") {
    return {"AccessDeniedException", std::move(message), 400};
  }
  return {"AccessDenied", std::move(message), 403};
}

policy::PolicyPtr Authorizer::resource_policy(const Check& check) const {
  const std::string_view arn = check.resource;
  switch (check.policy) {
    case ResourcePolicyKind::kNone:
      return nullptr;
    case ResourcePolicyKind::kBucket:
      return sources_.bucket_policy(between(arn, "arn:aws:s3:::", '/'));
    case ResourcePolicyKind::kFunction: {
      const auto name = between(arn, ":function:", ':');
      const auto rest = arn.substr(arn.find(":function:") + 10);
      const auto colon = rest.find(':');
      return sources_.function_policy(
          name, colon == rest.npos ? std::string_view() : rest.substr(colon + 1));
    }
    case ResourcePolicyKind::kTrust: {
      const auto role = sources_.role(last_part(arn));
      return role && role->arn == arn ? role->trust : nullptr;
    }
  }
  return nullptr;
}

// Whom RestrictPublicBuckets keeps from a bucket with a public policy: everybody but the account's
// own principals and services.
bool Authorizer::kept_out(const Check& check, const policy::Principal& who) const {
  if (check.policy != ResourcePolicyKind::kBucket) return false;
  if (who.kind == Kind::kService || who.account == account_) return false;
  return sources_.restricts_public_access(between(check.resource, "arn:aws:s3:::", '/'));
}

policy::Decision Authorizer::decide(const Scope& scope, const Check& check, const Caller& caller,
                                    RequestContext& context) const {
  const auto& who = caller.principal;
  const auto resource = resource_policy(check);
  if (who.kind == Kind::kRoot) {
    // "The root user can always change a bucket's policy", whatever it says.
    if (resource == nullptr && check.policy != ResourcePolicyKind::kTrust) {
      return {policy::Decision::Outcome::kAllowed, policy::Source::kIdentity};
    }
    if (is_bucket_policy_action(check.action)) {
      return {policy::Decision::Outcome::kAllowed, policy::Source::kIdentity};
    }
  }
  if (kept_out(check, who)) {
    return {policy::Decision::Outcome::kImplicitDeny, policy::Source::kResource};
  }
  policy::Policies policies;
  if (caller.attached) {
    policies.identity = caller.attached->identity;
    policies.boundary = caller.attached->boundary.get();
  }
  if (const auto& session = scope.call.identity.session) {
    policies.session = session->policies;
    policies.in_session_policies = session->limited;
  }
  policies.resource = resource.get();
  if (check.policy == ResourcePolicyKind::kTrust) {
    policies.rule = policy::Policies::ResourceRule::kMustAllow;
  }
  context.about(check);
  return policy::evaluate({who, check.action, check.resource, context}, policies, account_);
}

aws::ApiResult<void> Authorizer::judge(const Scope& scope, const Caller& caller) {
  const auto& call = scope.call;
  const auto* rule = find_rule(call.service, scope.operation);
  if (rule == nullptr) {
    return aws::fail(access_denied(call.service, fmt::format("Dewpoint has no IAM action for {}:{}",
                                                             call.service, scope.operation)));
  }
  thread_local Checks checks;
  checks.clear();
  if (!rule->action.empty()) rule->resource(scope, checks.add(rule->action, rule->keys));
  if (rule->more != nullptr) rule->more(scope, checks);
  RequestContext context(scope, caller, clock_);
  for (auto& check : checks.list()) {
    const auto decision = decide(scope, check, caller, context);
    if (decision.allowed()) continue;
    std::string shown = check.shown.empty() ? check.resource : check.shown;
    if (check.nameless) shown.clear();
    if (call.service == "s3" && !shown.empty()) shown = '"' + shown + '"';
    const auto& arn = caller.principal.kind == Kind::kAnonymous ? "anonymous" : call.identity.arn;
    return aws::fail(
        access_denied(call.service, policy::denial_message(decision, arn, check.action, shown)));
  }
  return {};
}

const Caller& Authorizer::caller_of(const aws::Identity& identity) const {
  static const Caller kNobody{};
  if (identity.anonymous) return kNobody;
  thread_local std::unordered_map<std::string, Known, Hash, std::equal_to<>> known;
  const auto version = sources_.version();
  const auto it = known.find(std::string_view(identity.arn));
  if (it != known.end() && it->second.version == version &&
      it->second.user_id == identity.user_id) {
    return it->second.caller;
  }
  if (known.size() >= kMaxKnown) known.clear();
  Known fresh{version, identity.user_id, resolve(identity, sources_)};
  return known.insert_or_assign(identity.arn, std::move(fresh)).first->second.caller;
}

aws::ApiResult<void> Authorizer::authorize_as(const aws::Call& call, std::string_view operation,
                                              const json::Object& input) {
  if (mode_ == Mode::kOff) return {};
  const auto& identity = call.identity;
  const Scope scope{call, operation, input, account_, sources_};
  aws::ApiResult<void> verdict;
  if (identity.arn == root_ && !identity.anonymous) {
    if (call.service != "s3" && call.service != "lambda" && call.service != "sts") return {};
    static const policy::AttachedPtr kNothing;
    verdict = judge(scope, {principal_of(identity), kNothing, {}});
  } else {
    verdict = judge(scope, caller_of(identity));
  }
  if (verdict || mode_ == Mode::kEnforce) return verdict;
  log::warn("iam audit: {}:{} would be denied: {}", call.service, operation,
            verdict.error().message);
  return {};
}

}  // namespace dew::authz
