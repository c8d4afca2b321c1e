// ServiceRole: the identity in which CodeDeploy acts for a deployment group, by AssumeRole, so that
// the role's trust policy and its policies decide.
// docs.aws.amazon.com/codedeploy/latest/userguide/getting-started-create-service-role.html
//
// Sessions are kept until they near their end. Thread-safe. Blocking.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "services/context.h"

namespace dew::codedeploy {

class ServiceRole {
 public:
  explicit ServiceRole(const services::Context& context) : context_(context) {}

  aws::ApiResult<aws::Identity> assume(const std::string& role_arn);

 private:
  struct Session {
    aws::Identity identity;
    int64_t until_ms = 0;
  };

  const services::Context& context_;
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;
};

}  // namespace dew::codedeploy
