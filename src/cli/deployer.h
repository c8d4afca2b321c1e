// The deployment: build, package, compile, then the stack by way of CloudFormation. The same path
// for `dew deploy`, the first start of `dew up` and every redeployment after a change.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "serverless/compile.h"
#include "serverless/service.h"

namespace dew::cli {

struct DeployRequest {
  const serverless::Service& service;
  std::string package_directory;
  bool force = false;    // deploy although nothing changed
  bool verbose = false;  // every event of the stack
  bool build = true;
  int build_output_fd = -1;  // -1: standard output
};

struct Deployment {
  bool changed = false;
  std::string stack_name;
  std::map<std::string, std::string> outputs;
  size_t artifact_bytes = 0;

  std::string api_id() const;  // of the output ServiceEndpoint; empty when the service has no API
};

// custom.dew.build; its output is shown. An error when a command fails.
Result<void> run_build(const serverless::Service& service, int output_fd);

struct Packaged {
  serverless::Artifacts artifacts;
  serverless::Compiled compiled;
};
Result<Packaged> package_service(const serverless::Service& service, const std::string& directory);

Result<Deployment> deploy_service(ApiClient& api, const DeployRequest& request);

// Empties the deployment bucket, deletes the stack, waits. False: there was none.
Result<bool> remove_service(ApiClient& api, const serverless::Service& service, bool verbose);

}  // namespace dew::cli
