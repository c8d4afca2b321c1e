// UpdatePolicy: CodeDeployLambdaAliasUpdate: an alias gets its new version by a deployment.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html#cfn-attributes-updatepolicy-codedeploylambdaaliasupdate
#pragma once

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

// The template's UpdatePolicy, kept as a property of the alias.
#define DEW_ALIAS_UPDATE_POLICY                                                                   \
  "UpdatePolicy { CodeDeployLambdaAliasUpdate! { ApplicationName! string "                        \
  "  DeploymentGroupName! string  BeforeAllowTrafficHook string  AfterAllowTrafficHook string } " \
  "} "

enum class Direction { kForth, kBack };

// Forth: starts a deployment that moves the alias to the version in `properties`, or takes up one
// that an interrupted call has started. Back: stops the one that runs. Gives the deployment to wait
// for; empty: there is none, and the alias may be changed at once.
ApiResult<std::string> begin_release(const Session& session, const json::Object& properties,
                                     Direction direction);

// Until the deployment and its rollback have ended; false: interrupted. Forth, the error says why
// it failed; back, its end is all that matters.
ApiResult<bool> await_release(const Session& session, const std::string& id, Direction direction,
                              const Interrupted& interrupted);

}  // namespace dew::cloudformation
