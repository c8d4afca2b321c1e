// ProvisionedConcurrencyConfig of AWS::Lambda::Alias and Version: given to Lambda, and waited for.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-alias.html
#pragma once

#include "services/cloudformation/resource_type.h"

namespace dew::cloudformation {

#define DEW_PROVISIONED "{ ProvisionedConcurrentExecutions! int } "

// Whether the properties want it.
bool wants_provisioned(const json::Object& properties);

// `arn`: qualified by the alias or version. Puts what the properties want, or takes it away.
ApiResult<void> apply_provisioned(const Session& session, const std::string& arn,
                                  const json::Object& properties);

// Until every environment is ready; the error says why they will not be. false: interrupted.
ApiResult<bool> await_provisioned(const Session& session, const std::string& arn,
                                  const Interrupted& interrupted);

}  // namespace dew::cloudformation
