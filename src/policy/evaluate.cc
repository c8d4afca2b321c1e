#include "policy/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

namespace dew::policy {

namespace {

Opinion together(std::span<const PolicyPtr> policies, const Request& request) {
  Opinion out;
  for (const auto& policy : policies) {
    const auto one = policy->evaluate(request);
    if (one.denies) return one;
    out.allows = std::max(out.allows, one.allows);
  }
  return out;
}

std::string_view name(Source source) {
  switch (source) {
    case Source::kIdentity:
      return "identity-based policy";
    case Source::kResource:
      return "resource-based policy";
    case Source::kBoundary:
      return "permissions boundary";
    case Source::kSession:
      return "session policy";
    case Source::kTrust:
      return "role trust policy";
    case Source::kNone:
      break;
  }
  return "policy";
}

}  // namespace

Decision evaluate(const Request& request, const Policies& policies,
                  std::string_view resource_account) {
  using enum Decision::Outcome;
  const auto& who = request.principal;
  const bool trust = policies.rule == Policies::ResourceRule::kMustAllow;
  const Source resource_source = trust ? Source::kTrust : Source::kResource;
  const bool same_account = who.account == resource_account;

  // An explicit deny anywhere ends it.
  Opinion identity = together(policies.identity, request);
  if (identity.denies) return {kExplicitDeny, Source::kIdentity};
  const Opinion resource = policies.resource ? policies.resource->evaluate(request) : Opinion{};
  if (resource.denies) return {kExplicitDeny, resource_source};
  const Opinion boundary = policies.boundary ? policies.boundary->evaluate(request) : Opinion{};
  if (boundary.denies) return {kExplicitDeny, Source::kBoundary};
  const Opinion session = together(policies.session, request);
  if (session.denies) return {kExplicitDeny, Source::kSession};

  if (who.kind == Principal::Kind::kService || who.kind == Principal::Kind::kAnonymous) {
    // Nothing but the resource's policy can name these.
    if (resource.allows == Grant::kDirect) return {kAllowed, resource_source};
    return {kImplicitDeny, resource_source};
  }
  if (who.kind == Principal::Kind::kRoot) identity.allows = Grant::kDirect;
  if (trust && resource.allows == Grant::kNone) return {kImplicitDeny, resource_source};
  if (!same_account) {
    // Both accounts must allow.
    if (identity.allows == Grant::kNone) return {kImplicitDeny, Source::kIdentity};
    if (resource.allows == Grant::kNone) return {kImplicitDeny, resource_source};
  } else {
    if (resource.allows == Grant::kDirect) return {kAllowed, resource_source};
    if (identity.allows == Grant::kNone && resource.allows != Grant::kRole) {
      return {kImplicitDeny, Source::kIdentity};
    }
  }
  if (policies.boundary && boundary.allows == Grant::kNone) {
    return {kImplicitDeny, Source::kBoundary};
  }
  if (policies.in_session_policies && session.allows == Grant::kNone) {
    return {kImplicitDeny, Source::kSession};
  }
  return {kAllowed, identity.allows == Grant::kNone ? resource_source : Source::kIdentity};
}

std::string denial_message(const Decision& decision, std::string_view principal_arn,
                           std::string_view action, std::string_view resource) {
  std::string out = fmt::format("User: {} is not authorized to perform: {}", principal_arn, action);
  if (!resource.empty()) out += fmt::format(" on resource: {}", resource);
  const auto kind = name(decision.source);
  if (decision.outcome == Decision::Outcome::kExplicitDeny) {
    const auto* article = decision.source == Source::kIdentity ? "an"
                          : decision.source == Source::kTrust  ? "the"
                                                               : "a";
    return out + fmt::format(" with an explicit deny in {} {}", article, kind);
  }
  return out + fmt::format(" because no {} allows the {} action", kind, action);
}

}  // namespace dew::policy
