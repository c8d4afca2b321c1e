// The temporary credentials of functions' roles, from sts by AssumeRole, shared by the environments
// of a role until they near their end. Thread-safe; get() may block, so never from an io thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "services/context.h"
#include "services/lambda/runtimes.h"

namespace dew::lambda {

class Credentials {
 public:
  explicit Credentials(const services::Context& context) : context_(context) {}

  // `session` names the function in the role's session, as AWS does.
  aws::ApiResult<RoleCredentials> get(const std::string& role, const std::string& session);
  // Of the role as it is now, whatever is kept: its trust policy may have changed, or it may be
  // another of the same name.
  aws::ApiResult<RoleCredentials> renew(const std::string& role, const std::string& session);

 private:
  const services::Context& context_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, RoleCredentials> cache_;
};

}  // namespace dew::lambda
