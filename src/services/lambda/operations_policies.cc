// Resource policies: who else may invoke a function.
#include "base/ids.h"
#include "services/lambda/core.h"

namespace dew::lambda {
namespace {

constexpr size_t kMaxPolicyBytes = 20'480;

std::string policy_key(const FunctionName& name) {
  return name.qualifier == kLatest ? "" : std::string(name.qualifier);
}

aws::ApiResult<json::Value> add_permission(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  for (const char* key : {"EventSourceToken", "PrincipalOrgID", "FunctionUrlAuthType"}) {
    if (call.input.contains(key)) return aws::fail(aws::ApiError::unsupported(key));
  }
  const std::string resource = core.arn(name.name, policy_key(name));
  json::Object document{{"Sid", json::string_or(call.input, "StatementId")},
                        {"Effect", "Allow"},
                        {"Principal", principal_json(json::string_or(call.input, "Principal"))},
                        {"Action", json::string_or(call.input, "Action")},
                        {"Resource", resource}};
  json::Object condition;
  if (const auto account = json::string_at(call.input, "SourceAccount")) {
    condition["StringEquals"] = json::Object{{"AWS:SourceAccount", *account}};
  }
  if (const auto arn = json::string_at(call.input, "SourceArn")) {
    condition["ArnLike"] = json::Object{{"AWS:SourceArn", *arn}};
  }
  if (!condition.empty()) document["Condition"] = std::move(condition);
  const Statement statement = statement_from_json(document);
  CHECK_OK(core.catalog->change(
      name.name, name.qualifier, [&](FunctionRecord& record) -> aws::ApiResult<void> {
        if (record.find(name.qualifier) == nullptr) {
          return aws::fail(core.catalog->not_found(name.name, name.qualifier));
        }
        Policy& policy = record.policies[policy_key(name)];
        CHECK_OK(check_revision(call.input, policy.revision_id));
        CHECK_OK(append_statement(policy, statement));
        return {};
      }));
  return json::Object{{"Statement", json::dump(document)}};
}

aws::ApiResult<json::Value> remove_permission(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto id = json::string_or(call.input, "StatementId");
  CHECK_OK(core.catalog->change(
      name.name, name.qualifier, [&](FunctionRecord& record) -> aws::ApiResult<void> {
        const auto it = record.policies.find(policy_key(name));
        const size_t removed =
            it == record.policies.end()
                ? 0
                : std::erase_if(it->second.statements, [&](const auto& s) { return s.id == id; });
        if (removed == 0) {
          return aws::fail("ResourceNotFoundException",
                           fmt::format("Statement {} is not found in resource policy.", id), 404);
        }
        it->second.revision_id = uuid_v4();
        if (it->second.statements.empty()) record.policies.erase(it);
        return {};
      }));
  return json::Object();
}

aws::ApiResult<json::Value> get_policy(Core& core, aws::Call& call) {
  TRY(const FunctionName name, named_function(call.input));
  const auto record = core.catalog->find(name.name);
  if (record == nullptr) return aws::fail(core.catalog->not_found(name.name));
  const auto it = record->policies.find(policy_key(name));
  if (it == record->policies.end()) {
    return aws::fail("ResourceNotFoundException", "The resource you requested does not exist.",
                     404);
  }
  return json::Object{{"Policy", json::dump(policy_document(it->second))},
                      {"RevisionId", it->second.revision_id}};
}

}  // namespace

json::Value principal_json(const std::string& principal) {
  if (principal == "*") return "*";
  if (principal.find(".amazonaws.com") != std::string::npos) {
    return json::Object{{"Service", principal}};
  }
  if (principal.size() == 12 && principal.find_first_not_of("0123456789") == std::string::npos) {
    return json::Object{{"AWS", fmt::format("arn:aws:iam::{}:root", principal)}};
  }
  return json::Object{{"AWS", principal}};
}

aws::ApiResult<void> append_statement(Policy& policy, const Statement& statement) {
  for (const auto& other : policy.statements) {
    if (other.id == statement.id) {
      return aws::fail("ResourceConflictException",
                       fmt::format("The statement id ({}) provided already exists. Please provide "
                                   "a new statement id, or remove the existing statement.",
                                   statement.id),
                       409);
    }
  }
  policy.statements.push_back(statement);
  policy.revision_id = uuid_v4();
  if (json::dump(policy_document(policy)).size() > kMaxPolicyBytes) {
    return aws::fail(
        "PolicyLengthExceededException",
        fmt::format("The final policy size is bigger than the limit ({}).", kMaxPolicyBytes));
  }
  return {};
}

void register_policies(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "AddPermission", add_permission);
  add_operation(registry, core, "RemovePermission", remove_permission);
  add_operation(registry, core, "GetPolicy", get_policy);
}

}  // namespace dew::lambda
