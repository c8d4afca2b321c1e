// CodeDeploy -> CloudWatch: the alarms that a deployment watches.
#pragma once

#include "aws/caller.h"
#include "services/codedeploy/alarm_source.h"

namespace dew::cloud {

class DeploymentAlarms final : public codedeploy::AlarmSource {
 public:
  explicit DeploymentAlarms(aws::Caller& caller) : caller_(caller) {}
  aws::ApiResult<std::vector<std::string>> active(const aws::Identity& who,
                                                  const std::vector<std::string>& names) override;

 private:
  aws::Caller& caller_;
};

}  // namespace dew::cloud
