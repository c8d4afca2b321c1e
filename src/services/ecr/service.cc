#include "services/ecr/service.h"

#include <fmt/format.h>

namespace dew::ecr {

void Service::register_operations(aws::Registry& registry) {
  registry.add("ecr", "DescribeRepositories", aws::Run::kInline,
               [this](aws::Call& call) { return describe_repositories(call); });
}

aws::ApiResult<json::Value> Service::describe_repositories(aws::Call& call) const {
  const auto registry = json::string_or(call.input, "registryId", context_.config.account);
  if (const auto* names = json::array_at(call.input, "repositoryNames");
      names != nullptr && !names->empty()) {
    return aws::fail("RepositoryNotFoundException",
                     fmt::format("The repository with name '{}' does not exist in the registry "
                                 "with id '{}'",
                                 json::str(names->front()), registry));
  }
  return json::Object{{"repositories", json::Array{}}};
}

}  // namespace dew::ecr
