// AlarmSource: what CodeDeploy asks of CloudWatch while a deployment runs. The cloud joins the two.
// docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-create-alarms.html
//
// Thread-safe. Blocking: never from an io thread.
#pragma once

#include <string>
#include <vector>

#include "aws/call.h"

namespace dew::codedeploy {

class AlarmSource {
 public:
  virtual ~AlarmSource() = default;
  // Those of `names` that are in ALARM now, as `who`. An error when that cannot be known, of a name
  // that no alarm has, too.
  virtual aws::ApiResult<std::vector<std::string>> active(
      const aws::Identity& who, const std::vector<std::string>& names) = 0;
};

}  // namespace dew::codedeploy
