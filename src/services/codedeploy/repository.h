// Repository: CodeDeploy's records in the store, and the names by which they are found.
//
//   codedeploy/application/NAME                      the application
//   codedeploy/group/APPLICATION-ID/NAME             the deployment group, with what it deployed
//   last codedeploy/group-id/GROUP-ID                     where that group is
//   codedeploy/config/NAME                           a deployment configuration of one's own
//   codedeploy/deployment/ID                         a deployment (deployment.h)
//   codedeploy/of-group/GROUP-ID/AGE/ID              newest first
//   codedeploy/by-time/AGE/ID                        newest first
//   codedeploy/running/ID                            not yet at its end
//
// Reads are of the latest commit. Whoever changes a record holds mutex() from reading it to the
// commit. Thread-safe.
#pragma once

#include <mutex>
#include <optional>

#include "services/codedeploy/deployment.h"
#include "services/context.h"
#include "services/records.h"

namespace dew::codedeploy {

class Repository {
 public:
  explicit Repository(const services::Context& context) : context_(context) {}

  std::mutex& mutex() { return mutex_; }
  store::Store& store() const { return context_.store; }
  double now() const { return context_.clock.now_seconds(); }

  using Found = aws::ApiResult<std::optional<json::Object>>;

  // ApplicationDoesNotExistException, DeploymentGroupDoesNotExistException,
  // DeploymentConfigDoesNotExistException, DeploymentDoesNotExistException.
  aws::ApiResult<json::Object> application(std::string_view name) const;
  aws::ApiResult<json::Object> group(const json::Object& application, std::string_view name) const;
  aws::ApiResult<json::Object> config(std::string_view name) const;  // DeploymentConfigInfo
  aws::ApiResult<Deployment> deployment(std::string_view id) const;

  Found find_application(std::string_view name) const;
  Found find_group(std::string_view application_id, std::string_view name) const;
  Found find_group_by_id(std::string_view group_id) const;
  Found find_config(std::string_view name) const;  // one's own only

  void put_application(store::Batch& batch, const json::Object& record) const;
  void put_group(store::Batch& batch, const json::Object& record) const;
  void erase_group(store::Batch& batch, const json::Object& record) const;
  void put_new(store::Batch& batch, const Deployment& deployment) const;
  void put(store::Batch& batch, const Deployment& deployment) const;

  static store::Key applications() { return store::Key("codedeploy").add("application"); }
  static store::Key configs() { return store::Key("codedeploy").add("config"); }
  static store::Key groups(std::string_view application_id) {
    return store::Key("codedeploy").add("group").add(application_id);
  }
  static store::Key of_group(std::string_view group_id) {
    return store::Key("codedeploy").add("of-group").add(group_id);
  }
  static store::Key by_time() { return store::Key("codedeploy").add("by-time"); }
  static store::Key running() { return store::Key("codedeploy").add("running"); }

 private:
  const services::Context& context_;
  std::mutex mutex_;
};

}  // namespace dew::codedeploy
