// dew info: what is deployed.
#include <fmt/format.h>

#include "cli/cloud_calls.h"
#include "cli/options.h"
#include "cli/project.h"
#include "cli/routes.h"
#include "cli/terminal.h"

namespace dew::cli {

namespace {

json::Object as_json(const serverless::Service& service, const Stack& stack,
                     const std::vector<StackResource>& resources) {
  json::Object outputs;
  for (const auto& [name, value] : stack.outputs) outputs[name] = value;
  json::Array functions;
  for (const auto& [key, function] : service.functions()) {
    functions.push_back(json::Object{{"key", key}, {"name", service.function_name(key)}});
  }
  json::Array routes;
  for (const auto& route : routes_of(service)) {
    routes.push_back(
        json::Object{{"method", route.method}, {"path", route.path}, {"function", route.function}});
  }
  return {{"service", service.name},
          {"stage", service.stage},
          {"region", service.region},
          {"stack", service.stack_name()},
          {"status", stack.status},
          {"resources", resources.size()},
          {"functions", std::move(functions)},
          {"routes", std::move(routes)},
          {"outputs", std::move(outputs)}};
}

// Where the API is, by the stack's own word.
std::string endpoint_output(const Stack& stack) {
  const auto it = stack.outputs.find("ServiceEndpoint");
  return it == stack.outputs.end() ? std::string() : it->second;
}

}  // namespace

int run_info(const InfoOptions& options) {
  ApiClient api = client_for(options.common);
  const auto service = load_project(options.common, &api, Seed::kNo);
  if (!service) return report(service.error(), options.common.json);
  const auto stack = describe_stack(api, service->stack_name());
  if (!stack) return report(stack.error().to_error(), options.common.json);
  if (!*stack) {
    return report(
        {ErrorKind::kNotFound, fmt::format("the stack {} is not deployed at {}: run `dew deploy`",
                                           service->stack_name(), api.destination().name())},
        options.common.json);
  }
  const auto resources = stack_resources(api, service->stack_name());
  if (!resources) return report(resources.error().to_error(), options.common.json);
  if (options.common.json) {
    print_out(json::dump_pretty(as_json(*service, **stack, *resources)));
    return kDone;
  }
  print_out(fmt::format("service: {}\nstage: {}\nregion: {}\nstack: {} ({}, {} resources)",
                        service->name, service->stage, service->region, service->stack_name(),
                        (*stack)->status, resources->size()));
  std::string base;
  for (const auto& resource : *resources) {
    if (resource.type == "AWS::ApiGateway::RestApi") {
      base = api.destination().is_local()
                 ? fmt::format("{}/restapis/{}/{}/_user_request_", api.destination().name(),
                               resource.physical_id, service->api_stage())
                 : endpoint_output(**stack);
    }
  }
  if (const auto routes = routes_of(*service); !routes.empty()) {
    print_out("endpoints:");
    for (const auto& route : routes)
      print_out(fmt::format("  {} {}{}", route.method, base, route.path));
  }
  if (!service->functions().empty()) print_out("functions:");
  for (const auto& [key, function] : service->functions())
    print_out(fmt::format("  {}: {}", key, service->function_name(key)));
  if (options.common.verbose) {
    print_out("resources:");
    for (const auto& resource : *resources)
      print_out(
          fmt::format("  {} {} {}", resource.type, resource.logical_id, resource.physical_id));
    print_out("outputs:");
    for (const auto& [name, value] : (*stack)->outputs)
      print_out(fmt::format("  {}: {}", name, value));
  }
  return kDone;
}

}  // namespace dew::cli
