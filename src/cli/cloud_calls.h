// The calls that the commands make, named for what they do. Each is one request (or one page loop)
// over ApiClient.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/credentials.h"
#include "serverless/service.h"

namespace dew::cli {

struct Stack {
  std::string id;
  std::string status;
  std::string reason;
  std::map<std::string, std::string> outputs;

  bool in_progress() const { return status.ends_with("_IN_PROGRESS"); }
  bool settled_well() const { return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE"; }
};

struct StackEvent {
  std::string id;
  std::string logical_id;
  std::string type;
  std::string status;
  std::string reason;
};

struct StackResource {
  std::string logical_id;
  std::string physical_id;
  std::string type;
};

struct StackRequest {
  std::string name;
  std::string template_body;  // or
  std::string template_url;
  std::vector<std::pair<std::string, std::string>> tags;
};

// CloudFormation
CallResult<std::optional<Stack>> describe_stack(ApiClient& api,
                                                const std::string& name);  // nullopt: no such stack
CallResult<void> create_stack(ApiClient& api, const StackRequest& request);
CallResult<bool> update_stack(ApiClient& api,
                              const StackRequest& request);  // false: nothing to update
// Through a change set; false: it held no changes and was removed again.
CallResult<bool> change_stack(ApiClient& api, const StackRequest& request);
CallResult<void> delete_stack(ApiClient& api, const std::string& name);
CallResult<std::vector<StackEvent>> stack_events(
    ApiClient& api, const std::string& name);  // newest first, one page
CallResult<std::vector<StackResource>> stack_resources(ApiClient& api, const std::string& name);
CallResult<json::Value> live_template(ApiClient& api, const std::string& name);

// S3
CallResult<void> put_object(ApiClient& api, const std::string& bucket, const std::string& key,
                            std::string bytes, std::string_view content_type,
                            std::string_view file_hash);
CallResult<std::string> object_file_hash(ApiClient& api, const std::string& bucket,
                                         const std::string& key);  // empty: none
CallResult<std::vector<std::string>> list_keys(ApiClient& api, const std::string& bucket,
                                               const std::string& prefix);
CallResult<void> delete_object(ApiClient& api, const std::string& bucket, const std::string& key);

// SSM, STS
CallResult<std::optional<serverless::SsmParameter>> get_parameter(ApiClient& api,
                                                                  const std::string& name,
                                                                  bool decrypt);
CallResult<bool> put_parameter_if_absent(
    ApiClient& api, const serverless::SeedParameter& parameter);  // true: it was
CallResult<std::string> account_id(ApiClient& api);
CallResult<Credentials> assume_role(ApiClient& api, const RoleToAssume& role);

}  // namespace dew::cli
