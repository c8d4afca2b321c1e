#include "services/apigateway/service.h"

#include <array>

#include "base/log.h"
#include "services/apigateway/data_plane.h"
#include "services/apigateway/operations.h"

namespace dew::apigateway {

namespace {

using Operation = Answer (*)(Control&, aws::Call&);

constexpr auto kOperations = std::to_array<std::pair<const char*, Operation>>({
    {"CreateRestApi", create_rest_api},
    {"ImportRestApi", import_rest_api},
    {"PutRestApi", put_rest_api},
    {"GetRestApi", get_rest_api},
    {"GetRestApis", get_rest_apis},
    {"UpdateRestApi", update_rest_api},
    {"DeleteRestApi", delete_rest_api},
    {"CreateResource", create_resource},
    {"GetResource", get_resource},
    {"GetResources", get_resources},
    {"UpdateResource", update_resource},
    {"DeleteResource", delete_resource},
    {"PutMethod", put_method},
    {"GetMethod", get_method},
    {"UpdateMethod", update_method},
    {"DeleteMethod", delete_method},
    {"PutMethodResponse", put_method_response},
    {"GetMethodResponse", get_method_response},
    {"UpdateMethodResponse", update_method_response},
    {"DeleteMethodResponse", delete_method_response},
    {"PutIntegration", put_integration},
    {"GetIntegration", get_integration},
    {"UpdateIntegration", update_integration},
    {"DeleteIntegration", delete_integration},
    {"PutIntegrationResponse", put_integration_response},
    {"GetIntegrationResponse", get_integration_response},
    {"UpdateIntegrationResponse", update_integration_response},
    {"DeleteIntegrationResponse", delete_integration_response},
    {"CreateDeployment", create_deployment},
    {"GetDeployment", get_deployment},
    {"GetDeployments", get_deployments},
    {"UpdateDeployment", update_deployment},
    {"DeleteDeployment", delete_deployment},
    {"CreateStage", create_stage},
    {"GetStage", get_stage},
    {"GetStages", get_stages},
    {"UpdateStage", update_stage},
    {"DeleteStage", delete_stage},
    {"PutGatewayResponse", put_gateway_response},
    {"GetGatewayResponse", get_gateway_response},
    {"GetGatewayResponses", get_gateway_responses},
    {"UpdateGatewayResponse", update_gateway_response},
    {"DeleteGatewayResponse", delete_gateway_response},
    {"CreateAuthorizer", create_authorizer},
    {"GetAuthorizer", get_authorizer},
    {"GetAuthorizers", get_authorizers},
    {"UpdateAuthorizer", update_authorizer},
    {"DeleteAuthorizer", delete_authorizer},
    {"FlushStageAuthorizersCache", flush_authorizers_cache},
    {"CreateModel", create_model},
    {"GetModel", get_model},
    {"GetModels", get_models},
    {"UpdateModel", update_model},
    {"DeleteModel", delete_model},
    {"CreateRequestValidator", create_request_validator},
    {"GetRequestValidator", get_request_validator},
    {"GetRequestValidators", get_request_validators},
    {"UpdateRequestValidator", update_request_validator},
    {"DeleteRequestValidator", delete_request_validator},
    {"CreateApiKey", create_api_key},
    {"GetApiKey", get_api_key},
    {"GetApiKeys", get_api_keys},
    {"UpdateApiKey", update_api_key},
    {"DeleteApiKey", delete_api_key},
    {"CreateUsagePlan", create_usage_plan},
    {"GetUsagePlan", get_usage_plan},
    {"GetUsagePlans", get_usage_plans},
    {"UpdateUsagePlan", update_usage_plan},
    {"DeleteUsagePlan", delete_usage_plan},
    {"CreateUsagePlanKey", create_usage_plan_key},
    {"GetUsagePlanKey", get_usage_plan_key},
    {"GetUsagePlanKeys", get_usage_plan_keys},
    {"DeleteUsagePlanKey", delete_usage_plan_key},
    {"GetUsage", get_usage},
    {"UpdateUsage", update_usage},
    {"GetAccount", get_account},
    {"UpdateAccount", update_account},
    {"TagResource", tag_resource},
    {"UntagResource", untag_resource},
    {"GetTags", get_tags},
});

net::Timer start_timer(net::Loops& loops, std::chrono::milliseconds delay, net::Task task) {
  auto* loop = net::Loop::current();
  return (loop ? *loop : loops.first()).after(delay, std::move(task));
}

}  // namespace

struct Service::Impl {
  Impl(const services::Context& context, FunctionInvoker& functions, InvokeAuthority& authority,
       AccessLog* log, TraceSink* traces, HttpBackend* given)
      : control{context,
                Repository(context.store),
                {},
                [this](const std::string& api_id) { publish(api_id); },
                &usage},
        usage(context.clock, Repository(context.store)),
        invoker(functions),
        data(
            context.clock, functions, given ? *given : backend, authority, usage, log,
            [&loops = context.loops](auto delay, auto task) {
              return start_timer(loops, delay, std::move(task));
            },
            traces) {}

  // The tables of an API's stages, from the store. What cannot be built is logged and left out.
  void publish(const std::string& api_id) {
    auto tables = build(api_id);
    if (!tables)
      log::error("the routes of API {} could not be built: {}", api_id, tables.error().message);
    data.publish(api_id, tables ? std::move(*tables) : DataPlane::Tables());
  }

  aws::ApiResult<DataPlane::Tables> build(const std::string& api_id) {
    DataPlane::Tables tables;
    TRY(const auto api, control.repository.api(api_id));
    if (!api) return tables;
    TRY(const auto stages, control.repository.list(api_id, kStage));
    for (const auto& stage : stages) {
      TRY(const auto snapshot,
          control.repository.get(api_id, kSnapshot, json::string_or(stage, "deploymentId")));
      if (!snapshot) continue;
      const auto& config = control.context.config;
      TRY(auto table, build_stage_table(config.account, config.region, *api, stage, *snapshot));
      tables.emplace(json::string_or(stage, "stageName"), std::move(table));
    }
    return tables;
  }

  void load() {
    if (const auto loaded = usage.load(); !loaded)
      log::error("the API keys could not be read: {}", loaded.error().message);
    const auto apis = control.repository.apis();
    if (!apis) {
      log::error("the REST APIs could not be read: {}", apis.error().message);
      return;
    }
    for (const auto& api : *apis) publish(json::string_or(api, "id"));
  }

  Control control;
  UsageMeter usage;
  FunctionInvoker& invoker;
  DataPlane data;
  // Ends what it is at before the data plane goes, which that would come back to.
  HttpWorkers backend;
};

Service::Service(const services::Context& context, FunctionInvoker& invoker,
                 InvokeAuthority& authority, AccessLog* log, TraceSink* traces,
                 HttpBackend* backend)
    : impl_(std::make_unique<Impl>(context, invoker, authority, log, traces, backend)) {
  impl_->load();
}

Service::~Service() = default;

void Service::register_operations(aws::Registry& registry) {
  for (const auto& [name, operation] : kOperations) {
    registry.add("apigateway", name, aws::Run::kWorker,
                 [control = &impl_->control, operation](aws::Call& call) {
                   return operation(*control, call);
                 });
  }
  registry.add_async("apigateway", "TestInvokeAuthorizer",
                     [impl = impl_.get()](aws::Call& call, aws::Completion done) {
                       test_invoke_authorizer(impl->control, impl->invoker, call, std::move(done));
                     });
}

void Service::set_metrics(RequestMetrics* metrics) { impl_->data.set_metrics(metrics); }

void Service::handle(http::Request request, http::Responder responder, DataPlaneAddress address) {
  impl_->data.handle(std::move(request), std::move(responder), std::move(address));
}

std::optional<std::string> Service::api_of_stage(std::string_view stage) const {
  auto id = impl_->data.api_of_stage(stage);
  if (id.empty()) return std::nullopt;
  return id;
}

}  // namespace dew::apigateway
