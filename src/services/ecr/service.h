// ECR: the account's container registry, in which there is nothing: functions from images are not
// supported, and no operation here can make a repository. Deployment tools ask before they remove a
// service whether it had one (the Serverless Framework's `remove`), and are told the truth.
// docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeRepositories.html
//
// Thread-safe: it has no state.
#pragma once

#include "services/context.h"

namespace dew::ecr {

class Service {
 public:
  explicit Service(const services::Context& context) : context_(context) {}

  void register_operations(aws::Registry& registry);

 private:
  // RepositoryNotFoundException for any repository that is asked for by name.
  aws::ApiResult<json::Value> describe_repositories(aws::Call& call) const;

  services::Context context_;
};

}  // namespace dew::ecr
