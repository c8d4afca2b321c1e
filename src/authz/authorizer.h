// Authorizer: asked before every operation, by whomever it is called: gathers the policies that
// apply to the caller and to the resources, and has them evaluated.
//
// The account's root is its administrator: only a resource's own policy can deny it something. In
// the audit mode a call that would be denied goes ahead, and the log says what would have been
// denied.
//
// Thread-safe; called on io threads. A caller's policies are compiled when they are first needed
// and kept by each thread until something in IAM changes, so that the usual call reads no store and
// takes no lock.
#pragma once

#include <memory>
#include <string>

#include "authz/context.h"
#include "authz/sources.h"
#include "aws/credentials.h"
#include "base/clock.h"
#include "policy/evaluate.h"

namespace dew::authz {

enum class Mode { kEnforce, kAudit, kOff };

class Authorizer final : public aws::Authorizer {
 public:
  Authorizer(Sources& sources, const Clock& clock, std::string account, Mode mode)
      : sources_(sources),
        clock_(clock),
        account_(std::move(account)),
        root_("arn:aws:iam::" + account_ + ":root"),
        mode_(mode) {}

  aws::ApiResult<void> authorize(const aws::Call& call) override {
    return authorize_as(call, call.operation, call.input);
  }
  aws::ApiResult<void> authorize_as(const aws::Call& call, std::string_view operation,
                                    const json::Object& input) override;

  // Who an identity is, and what is attached to it; good until this thread asks again.
  const Caller& caller_of(const aws::Identity& identity) const;

 private:
  aws::ApiResult<void> judge(const Scope& scope, const Caller& caller);
  bool kept_out(const Check& check, const policy::Principal& who) const;
  policy::Decision decide(const Scope& scope, const Check& check, const Caller& caller,
                          RequestContext& context) const;
  policy::PolicyPtr resource_policy(const Check& check) const;

  Sources& sources_;
  const Clock& clock_;
  const std::string account_;
  const std::string root_;
  const Mode mode_;
};

// How the service refuses: AccessDeniedException or AccessDenied, and its status.
aws::ApiError access_denied(std::string_view service, std::string message);

// Who an identity is, without asking anybody.
policy::Principal principal_of(const aws::Identity& identity);

}  // namespace dew::authz
