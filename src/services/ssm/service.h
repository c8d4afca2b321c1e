// Systems Manager Parameter Store: String, StringList and SecureString parameters with versions,
// labels and tags.
// docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
//
// The values of SecureStrings are sealed before they reach the store, and never reach a log or an
// error. Thread-safe. The context outlives the service.
#pragma once

#include <mutex>

#include "aws/registry.h"
#include "services/context.h"
#include "services/ssm/parameters.h"
#include "services/ssm/seal.h"

namespace dew::ssm {

class Service {
 public:
  explicit Service(const services::Context& context);
  void register_operations(aws::Registry& registry);

 private:
  using Answer = aws::ApiResult<json::Value>;

  Answer put_parameter(aws::Call& call);
  Answer get_parameter(aws::Call& call);
  Answer get_parameters(aws::Call& call);
  Answer get_parameters_by_path(aws::Call& call);
  Answer get_parameter_history(aws::Call& call);
  Answer describe_parameters(aws::Call& call);
  Answer delete_parameter(aws::Call& call);
  Answer delete_parameters(aws::Call& call);
  Answer add_tags(aws::Call& call);
  Answer list_tags(aws::Call& call);
  Answer remove_tags(aws::Call& call);
  Answer label_version(aws::Call& call);
  Answer unlabel_version(aws::Call& call);

  std::string arn(std::string_view name) const;
  // The Parameter shape; unsealed if the caller asked for it.
  aws::ApiResult<json::Object> shown(const json::Object& record, const aws::Call& call);
  aws::ApiResult<json::Object> tagged(const aws::Call& call);

  const services::Context& context_;
  Parameters parameters_;
  Sealer sealer_;
  std::mutex write_;  // held over each read-change-commit
};

}  // namespace dew::ssm
