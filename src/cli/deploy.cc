// dew deploy: a service into a running cloud.
#include <fmt/format.h>

#include <filesystem>

#include "cli/deployer.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

json::Object as_json(const Deployment& deployment) {
  json::Object outputs;
  for (const auto& [name, value] : deployment.outputs) outputs[name] = value;
  return {{"stack", deployment.stack_name},
          {"changed", deployment.changed},
          {"outputs", std::move(outputs)}};
}

}  // namespace

int run_deploy(const DeployOptions& options) {
  ApiClient api = client_for(options.common);
  const auto started = std::chrono::steady_clock::now();
  const auto service =
      load_project(options.common, &api, api.destination().is_local() ? Seed::kYes : Seed::kNo);
  if (!service) return report(service.error(), options.common.json);
  print_progress(fmt::format("Deploying {} to stage {} ({}, {})",
                             styled(Style::kBold, service->name), service->stage, service->region,
                             api.destination().name()));
  DeployRequest request{
      *service, options.package.empty() ? service->directory + "/.serverless" : options.package};
  request.force = options.force;
  request.verbose = options.common.verbose;
  request.build_output_fd = 2;
  const auto deployment = deploy_service(api, request);
  if (!deployment) return report(deployment.error(), options.common.json);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  if (options.common.json) {
    print_out(json::dump_pretty(as_json(*deployment)));
    return kDone;
  }
  if (!deployment->changed) {
    print_progress(fmt::format("No changes to deploy; the stack {} stays as it is ({})",
                               deployment->stack_name, seconds_text(seconds)));
  } else {
    print_progress(fmt::format("{} the stack {} ({}, code {})", styled(Style::kGreen, "Deployed"),
                               deployment->stack_name, seconds_text(seconds),
                               size_text(deployment->artifact_bytes)));
  }
  for (const auto& [name, value] : deployment->outputs) {
    if (name != "ServerlessDeploymentBucketName" || options.common.verbose)
      print_out(fmt::format("{}: {}", name, value));
  }
  if (const std::string id = deployment->api_id(); !id.empty() && api.destination().is_local()) {
    print_out(fmt::format("Local URL: {}/restapis/{}/{}/_user_request_/", api.destination().name(),
                          id, service->api_stage()));
  }
  return kDone;
}

}  // namespace dew::cli
