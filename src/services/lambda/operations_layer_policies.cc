// Who else may use a layer version.
// docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html
//
// A cloud has one account, whose own functions need no permission: the policy is kept and shown,
// and what it grants to others has nobody to use it.
#include "base/ids.h"
#include "services/lambda/operations_layers.h"

namespace dew::lambda {
namespace {

constexpr std::string_view kAction = "lambda:GetLayerVersion";

struct Named {
  std::string layer;
  uint64_t number = 0;
  std::string arn;
};

aws::ApiResult<Named> named(Core& core, const json::Object& input) {
  Named out;
  TRY(out.layer, named_layer(core, input));
  TRY(out.number, numbered_version(input));
  out.arn = layer_arn(core.region(), core.account(), out.layer, out.number);
  return out;
}

std::unexpected<aws::ApiError> not_found(std::string message) {
  aws::ApiError error("ResourceNotFoundException", std::move(message), 404);
  error.members["Type"] = "User";
  return aws::fail(std::move(error));
}

aws::ApiResult<LayerVersion*> version_of(LayerRecord& record, const Named& name) {
  const auto it = record.versions.find(name.number);
  if (it == record.versions.end())
    return not_found(fmt::format("Layer version {} does not exist.", name.arn));
  return &it->second;
}

aws::ApiResult<void> check_policy_revision(const json::Object& input, const Policy& policy) {
  const auto wanted = json::string_or(input, "RevisionId");
  if (wanted.empty() || wanted == policy.revision_id) return {};
  aws::ApiError error("PreconditionFailedException",
                      "The Revision Id provided does not match the latest Revision Id. Call the "
                      "GetLayerPolicy API to retrieve the latest Revision Id",
                      412);
  error.members["Type"] = "User";
  return aws::fail(std::move(error));
}

aws::ApiResult<json::Value> add_permission(Core& core, aws::Call& call) {
  TRY(const Named name, named(core, call.input));
  const auto action = json::string_or(call.input, "Action");
  if (action != kAction) {
    return aws::fail(aws::ApiError::validation(fmt::format(
        "1 validation error detected: Value '{}' at 'action' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: {}",
        action, kAction)));
  }
  json::Object document{{"Sid", json::string_or(call.input, "StatementId")},
                        {"Effect", "Allow"},
                        {"Principal", principal_json(json::string_or(call.input, "Principal"))},
                        {"Action", action},
                        {"Resource", name.arn}};
  if (const auto organization = json::string_at(call.input, "OrganizationId")) {
    document["Condition"] =
        json::Object{{"StringEquals", json::Object{{"aws:PrincipalOrgID", *organization}}}};
  }
  const Statement statement = statement_from_json(document);
  std::string revision;
  CHECK_OK(core.layers.change(name.layer, [&](LayerRecord& record) -> aws::ApiResult<void> {
    TRY(auto* version, version_of(record, name));
    CHECK_OK(check_policy_revision(call.input, version->policy));
    CHECK_OK(append_statement(version->policy, statement));
    revision = version->policy.revision_id;
    return {};
  }));
  return json::Object{{"Statement", json::dump(document)}, {"RevisionId", revision}};
}

aws::ApiResult<json::Value> remove_permission(Core& core, aws::Call& call) {
  TRY(const Named name, named(core, call.input));
  const auto id = json::string_or(call.input, "StatementId");
  CHECK_OK(core.layers.change(name.layer, [&](LayerRecord& record) -> aws::ApiResult<void> {
    TRY(auto* version, version_of(record, name));
    CHECK_OK(check_policy_revision(call.input, version->policy));
    if (std::erase_if(version->policy.statements, [&](const auto& s) { return s.id == id; }) == 0)
      return not_found(fmt::format("Statement {} is not found in resource policy.", id));
    version->policy.revision_id = uuid_v4();
    return {};
  }));
  return json::Object();
}

aws::ApiResult<json::Value> get_policy(Core& core, aws::Call& call) {
  TRY(const Named name, named(core, call.input));
  const auto record = core.layers.find(name.layer);
  const auto it = record ? record->versions.find(name.number) : decltype(record->versions.end())();
  if (!record || it == record->versions.end())
    return not_found(fmt::format("Layer version {} does not exist.", name.arn));
  const Policy& policy = it->second.policy;
  if (policy.statements.empty())
    return not_found("No policy is associated with the given resource.");
  return json::Object{{"Policy", json::dump(policy_document(policy))},
                      {"RevisionId", policy.revision_id}};
}

}  // namespace

void register_layer_policies(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "AddLayerVersionPermission", add_permission);
  add_operation(registry, core, "RemoveLayerVersionPermission", remove_permission);
  add_operation(registry, core, "GetLayerVersionPolicy", get_policy);
}

}  // namespace dew::lambda
