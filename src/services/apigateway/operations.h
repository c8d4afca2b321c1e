// The control plane's operations, one function each, grouped by file: rest_apis.cc, resources.cc,
// methods.cc, integrations.cc, responses.cc, deployments.cc, stages.cc, gateway_responses.cc,
// authorizers.cc, models.cc, request_validators.cc, api_keys.cc, usage_plans.cc,
// usage_plan_keys.cc, account.cc, import_api.cc.
//
// All work on documents (repository.h). A function that changes something takes Control::write for
// the whole of its read-change-commit, so that two clients cannot undo each other's work.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "aws/call.h"
#include "services/apigateway/function_invoker.h"
#include "services/apigateway/repository.h"
#include "services/apigateway/usage_meter.h"
#include "services/context.h"

namespace dew::apigateway {

using Answer = aws::ApiResult<json::Value>;

struct Control {
  const services::Context& context;
  Repository repository;
  std::mutex write;
  // Builds the routing tables of an API anew, or drops them if it is gone. Called with `write`
  // held.
  std::function<void(const std::string& api_id)> publish;

  UsageMeter* usage = nullptr;

  // After every change of an API key or a usage plan.
  aws::ApiResult<void> reload_usage() const { return usage->load(); }
  double now() const {
    const int64_t seconds = context.clock.now_ms() / 1000;
    return static_cast<double>(seconds);
  }
  // The member of the input as a string; the model has checked that required ones are there.
  aws::ApiResult<json::Object> api(const aws::Call& call) const;
  aws::ApiResult<json::Object> owned(const aws::Call& call, std::string_view kind,
                                     std::string_view id, aws::ApiError absent) const;
};

std::string text(const aws::Call& call, std::string_view member);
// Copies the named member if the input has it.
void copy_member(json::Object& to, const json::Object& from, std::string_view member);
// One page of a list: `position` and `limit` of the input, items in order of `id`. `key` names the
// member that identifies an element.
Answer page(const aws::Call& call, Repository::Documents documents, std::string_view key,
            int64_t default_limit);

Answer create_rest_api(Control&, aws::Call&);
// Under an id of the caller's; with Control::write held.
std::string new_api_id();
Answer create_rest_api_as(Control&, const aws::Call&, const std::string& id);
// Puts the members of CreateRestApi's input into an API that is there; `overwrite`: what a
// definition always says and this one does not is taken away.
aws::ApiResult<void> set_api(Control&, const std::string& id, const json::Object& settings,
                             bool overwrite);
Answer import_rest_api(Control&, aws::Call&);
Answer put_rest_api(Control&, aws::Call&);
Answer get_rest_api(Control&, aws::Call&);
Answer get_rest_apis(Control&, aws::Call&);
Answer update_rest_api(Control&, aws::Call&);
Answer delete_rest_api(Control&, aws::Call&);

Answer create_resource(Control&, aws::Call&);
Answer get_resource(Control&, aws::Call&);
Answer get_resources(Control&, aws::Call&);
Answer update_resource(Control&, aws::Call&);
Answer delete_resource(Control&, aws::Call&);

Answer put_method(Control&, aws::Call&);
Answer get_method(Control&, aws::Call&);
Answer update_method(Control&, aws::Call&);
Answer delete_method(Control&, aws::Call&);

Answer put_integration(Control&, aws::Call&);
Answer get_integration(Control&, aws::Call&);
Answer update_integration(Control&, aws::Call&);
Answer delete_integration(Control&, aws::Call&);

Answer put_method_response(Control&, aws::Call&);
Answer get_method_response(Control&, aws::Call&);
Answer update_method_response(Control&, aws::Call&);
Answer delete_method_response(Control&, aws::Call&);
Answer put_integration_response(Control&, aws::Call&);
Answer get_integration_response(Control&, aws::Call&);
Answer update_integration_response(Control&, aws::Call&);
Answer delete_integration_response(Control&, aws::Call&);

Answer create_deployment(Control&, aws::Call&);
Answer get_deployment(Control&, aws::Call&);
Answer get_deployments(Control&, aws::Call&);
Answer update_deployment(Control&, aws::Call&);
Answer delete_deployment(Control&, aws::Call&);

Answer create_stage(Control&, aws::Call&);
Answer get_stage(Control&, aws::Call&);
Answer get_stages(Control&, aws::Call&);
Answer update_stage(Control&, aws::Call&);
Answer delete_stage(Control&, aws::Call&);

Answer put_gateway_response(Control&, aws::Call&);
Answer get_gateway_response(Control&, aws::Call&);
Answer get_gateway_responses(Control&, aws::Call&);
Answer update_gateway_response(Control&, aws::Call&);
Answer delete_gateway_response(Control&, aws::Call&);

Answer create_authorizer(Control&, aws::Call&);
Answer get_authorizer(Control&, aws::Call&);
Answer get_authorizers(Control&, aws::Call&);
Answer update_authorizer(Control&, aws::Call&);
Answer delete_authorizer(Control&, aws::Call&);
Answer flush_authorizers_cache(Control&, aws::Call&);
void test_invoke_authorizer(Control&, FunctionInvoker&, aws::Call&, aws::Completion done);

Answer create_model(Control&, aws::Call&);
Answer get_model(Control&, aws::Call&);
Answer get_models(Control&, aws::Call&);
Answer update_model(Control&, aws::Call&);
Answer delete_model(Control&, aws::Call&);
// With the two that every API has from the beginning.
aws::ApiResult<Repository::Documents> models_of(Control& control, const std::string& api_id);
aws::ApiResult<void> check_model(const json::Object& model, const Repository::Documents& all);

Answer create_request_validator(Control&, aws::Call&);
Answer get_request_validator(Control&, aws::Call&);
Answer get_request_validators(Control&, aws::Call&);
Answer update_request_validator(Control&, aws::Call&);
Answer delete_request_validator(Control&, aws::Call&);

Answer create_api_key(Control&, aws::Call&);
Answer get_api_key(Control&, aws::Call&);
Answer get_api_keys(Control&, aws::Call&);
Answer update_api_key(Control&, aws::Call&);
Answer delete_api_key(Control&, aws::Call&);

Answer create_usage_plan(Control&, aws::Call&);
Answer get_usage_plan(Control&, aws::Call&);
Answer get_usage_plans(Control&, aws::Call&);
Answer update_usage_plan(Control&, aws::Call&);
Answer delete_usage_plan(Control&, aws::Call&);
Answer create_usage_plan_key(Control&, aws::Call&);
Answer get_usage_plan_key(Control&, aws::Call&);
Answer get_usage_plan_keys(Control&, aws::Call&);
Answer delete_usage_plan_key(Control&, aws::Call&);
Answer get_usage(Control&, aws::Call&);
Answer update_usage(Control&, aws::Call&);

Answer get_account(Control&, aws::Call&);
Answer update_account(Control&, aws::Call&);
Answer tag_resource(Control&, aws::Call&);
Answer untag_resource(Control&, aws::Call&);
Answer get_tags(Control&, aws::Call&);

// A resource's document together with one of its methods, as most method-level operations need
// them.
struct MethodDocument {
  json::Object resource;
  std::string verb;
  json::Object& method() { return resource["resourceMethods"].as_object()[verb].as_object(); }
};
aws::ApiResult<MethodDocument> find_method(Control& control, const aws::Call& call);
aws::ApiResult<void> save_resource(Control& control, const aws::Call& call,
                                   const json::Object& resource);

// "VERB /path" of the first method whose member is the value, or a map that has it; "" if none.
aws::ApiResult<std::string> method_with(Control& control, const std::string& api_id,
                                        std::string_view member, std::string_view value);
// A stage that an API key or a usage plan names.
aws::ApiResult<void> check_api_stage(const Control& control, const std::string& api_id,
                                     const std::string& stage);
// Models that a method's requests or responses name.
aws::ApiResult<void> check_models(Control& control, const std::string& api_id,
                                  const json::Object& document, std::string_view member);

// Checks shared by CreateStage and CreateDeployment.
aws::ApiResult<void> check_stage_options(const json::Object& input);
json::Object new_stage(Control& control, std::string_view name, std::string_view deployment_id);

}  // namespace dew::apigateway
