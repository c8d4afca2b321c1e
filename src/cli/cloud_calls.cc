#include "cli/cloud_calls.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace dew::cli {

namespace {

constexpr std::string_view kCloudFormation = "2010-05-15";
constexpr int kPages = 1000;  // of any list

std::string object_target(const std::string& bucket, const std::string& key) {
  return fmt::format("/{}/{}", bucket, url_encode(key, Slash::kKeep));
}

Parameters stack_parameters(const StackRequest& request) {
  Parameters out{{"StackName", request.name},
                 {"Capabilities.member.1", "CAPABILITY_IAM"},
                 {"Capabilities.member.2", "CAPABILITY_NAMED_IAM"}};
  if (request.template_url.empty()) {
    out.emplace_back("TemplateBody", request.template_body);
  } else {
    out.emplace_back("TemplateURL", request.template_url);
  }
  for (size_t i = 0; i < request.tags.size(); ++i) {
    out.emplace_back(fmt::format("Tags.member.{}.Key", i + 1), request.tags[i].first);
    out.emplace_back(fmt::format("Tags.member.{}.Value", i + 1), request.tags[i].second);
  }
  return out;
}

bool no_updates(const CallError& error) {
  return error.message.find("No updates are to be performed") != std::string::npos;
}

}  // namespace

CallResult<std::optional<Stack>> describe_stack(ApiClient& api, const std::string& name) {
  auto answer =
      api.query("cloudformation", kCloudFormation, "DescribeStacks", {{"StackName", name}});
  if (!answer) {
    if (answer.error().message.find("does not exist") != std::string::npos) return std::nullopt;
    return std::unexpected(answer.error());
  }
  const Xml* stack = answer->find("DescribeStacksResult.Stacks.member");
  if (!stack) return std::nullopt;
  Stack out{
      stack->value("StackId"), stack->value("StackStatus"), stack->value("StackStatusReason"), {}};
  if (const Xml* outputs = stack->find("Outputs")) {
    for (const auto& output : outputs->children)
      out.outputs[output.value("OutputKey")] = output.value("OutputValue");
  }
  return out;
}

CallResult<void> create_stack(ApiClient& api, const StackRequest& request) {
  TRY(const auto answer,
      api.query("cloudformation", kCloudFormation, "CreateStack", stack_parameters(request)));
  return {};
}

CallResult<bool> update_stack(ApiClient& api, const StackRequest& request) {
  auto answer =
      api.query("cloudformation", kCloudFormation, "UpdateStack", stack_parameters(request));
  if (answer) return true;
  if (no_updates(answer.error())) return false;
  return std::unexpected(answer.error());
}

CallResult<bool> change_stack(ApiClient& api, const StackRequest& request) {
  const std::string change_set = request.name + "-change-set";
  const Parameters names{{"StackName", request.name}, {"ChangeSetName", change_set}};
  // One that an interrupted deployment left behind would be in the way.
  if (auto removed = api.query("cloudformation", kCloudFormation, "DeleteChangeSet", names);
      !removed && removed.error().unreachable()) {
    return std::unexpected(removed.error());
  }
  Parameters create = stack_parameters(request);
  create.emplace_back("ChangeSetName", change_set);
  create.emplace_back("ChangeSetType", "UPDATE");
  TRY(const auto created, api.query("cloudformation", kCloudFormation, "CreateChangeSet", create));
  for (int attempt = 0;; ++attempt) {
    TRY(const auto described,
        api.query("cloudformation", kCloudFormation, "DescribeChangeSet", names));
    const std::string status = described.value("DescribeChangeSetResult.Status");
    if (status == "CREATE_COMPLETE") break;
    if (status == "FAILED") {
      const std::string reason = described.value("DescribeChangeSetResult.StatusReason");
      TRY(const auto deleted,
          api.query("cloudformation", kCloudFormation, "DeleteChangeSet", names));
      if (reason.find("didn't contain changes") != std::string::npos ||
          reason.find("No updates are to be performed") != std::string::npos) {
        return false;
      }
      return std::unexpected(CallError{"ChangeSetFailed", reason, 400});
    }
    if (attempt > 3000)
      return std::unexpected(CallError{"ChangeSetFailed", "the change set does not come to be", 0});
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt < 20 ? 10 : 200));
  }
  TRY(const auto executed, api.query("cloudformation", kCloudFormation, "ExecuteChangeSet", names));
  return true;
}

CallResult<void> delete_stack(ApiClient& api, const std::string& name) {
  TRY(const auto answer,
      api.query("cloudformation", kCloudFormation, "DeleteStack", {{"StackName", name}}));
  return {};
}

CallResult<std::vector<StackEvent>> stack_events(ApiClient& api, const std::string& name) {
  TRY(const auto answer,
      api.query("cloudformation", kCloudFormation, "DescribeStackEvents", {{"StackName", name}}));
  std::vector<StackEvent> out;
  if (const Xml* events = answer.find("DescribeStackEventsResult.StackEvents")) {
    for (const auto& event : events->children) {
      out.push_back({event.value("EventId"), event.value("LogicalResourceId"),
                     event.value("ResourceType"), event.value("ResourceStatus"),
                     event.value("ResourceStatusReason")});
    }
  }
  return out;
}

CallResult<std::vector<StackResource>> stack_resources(ApiClient& api, const std::string& name) {
  std::vector<StackResource> out;
  std::string token;
  for (int page = 0; page < kPages; ++page) {
    Parameters parameters{{"StackName", name}};
    if (!token.empty()) parameters.emplace_back("NextToken", token);
    TRY(const auto answer,
        api.query("cloudformation", kCloudFormation, "ListStackResources", std::move(parameters)));
    if (const Xml* list = answer.find("ListStackResourcesResult.StackResourceSummaries")) {
      for (const auto& item : list->children) {
        out.push_back({item.value("LogicalResourceId"), item.value("PhysicalResourceId"),
                       item.value("ResourceType")});
      }
    }
    token = answer.value("ListStackResourcesResult.NextToken");
    if (token.empty()) break;
  }
  return out;
}

CallResult<json::Value> live_template(ApiClient& api, const std::string& name) {
  TRY(const auto answer, api.query("cloudformation", kCloudFormation, "GetTemplate",
                                   {{"StackName", name}, {"TemplateStage", "Original"}}));
  auto value = json::parse(answer.value("GetTemplateResult.TemplateBody"));
  if (!value)
    return std::unexpected(CallError{"MalformedAnswer", "the stack's template is not JSON", 0});
  return std::move(*value);
}

CallResult<void> put_object(ApiClient& api, const std::string& bucket, const std::string& key,
                            std::string bytes, std::string_view content_type,
                            std::string_view file_hash) {
  http::Headers headers{{"Content-Type", std::string(content_type)},
                        {"x-amz-meta-filesha256", std::string(file_hash)}};
  TRY(const auto answer,
      api.rest("s3", "PUT", object_target(bucket, key), std::move(headers), std::move(bytes)));
  return {};
}

CallResult<std::string> object_file_hash(ApiClient& api, const std::string& bucket,
                                         const std::string& key) {
  auto answer = api.rest("s3", "HEAD", object_target(bucket, key));
  if (answer) return std::string(answer->headers.get("x-amz-meta-filesha256"));
  if (answer.error().status == 404) return std::string();
  return std::unexpected(answer.error());
}

CallResult<std::vector<std::string>> list_keys(ApiClient& api, const std::string& bucket,
                                               const std::string& prefix) {
  std::vector<std::string> out;
  std::string token;
  for (int page = 0; page < kPages; ++page) {
    std::string target = fmt::format("/{}?list-type=2&prefix={}", bucket, url_encode(prefix));
    if (!token.empty()) target += fmt::format("&continuation-token={}", url_encode(token));
    TRY(const auto answer, api.rest("s3", "GET", std::move(target)));
    const Xml xml = parse_xml(answer.body);
    for (const auto& child : xml.children) {
      if (child.name == "Contents") out.push_back(child.value("Key"));
    }
    token = xml.value("NextContinuationToken");
    if (token.empty()) break;
  }
  return out;
}

CallResult<void> delete_object(ApiClient& api, const std::string& bucket, const std::string& key) {
  TRY(const auto answer, api.rest("s3", "DELETE", object_target(bucket, key)));
  return {};
}

CallResult<std::optional<serverless::SsmParameter>> get_parameter(ApiClient& api,
                                                                  const std::string& name,
                                                                  bool decrypt) {
  auto answer =
      api.json("ssm", "AmazonSSM", "GetParameter", {{"Name", name}, {"WithDecryption", decrypt}});
  if (!answer) {
    if (answer.error().code == "ParameterNotFound") return std::nullopt;
    return std::unexpected(answer.error());
  }
  const auto* parameter = json::object_at(*answer, "Parameter");
  if (!parameter) return std::nullopt;
  return serverless::SsmParameter{json::string_or(*parameter, "Type", "String"),
                                  json::string_or(*parameter, "Value")};
}

CallResult<bool> put_parameter_if_absent(ApiClient& api,
                                         const serverless::SeedParameter& parameter) {
  auto answer = api.json("ssm", "AmazonSSM", "PutParameter",
                         {{"Name", parameter.name},
                          {"Type", parameter.type},
                          {"Value", parameter.value},
                          {"Overwrite", false}});
  if (answer) return true;
  if (answer.error().code == "ParameterAlreadyExists") return false;
  return std::unexpected(answer.error());
}

CallResult<std::string> account_id(ApiClient& api) {
  TRY(const auto answer, api.query("sts", "2011-06-15", "GetCallerIdentity", {}));
  return answer.value("GetCallerIdentityResult.Account");
}

CallResult<Credentials> assume_role(ApiClient& api, const RoleToAssume& role) {
  Parameters parameters{{"RoleArn", role.arn}, {"RoleSessionName", role.session_name}};
  if (!role.external_id.empty()) parameters.emplace_back("ExternalId", role.external_id);
  if (!role.duration_seconds.empty())
    parameters.emplace_back("DurationSeconds", role.duration_seconds);
  TRY(const auto answer, api.query("sts", "2011-06-15", "AssumeRole", std::move(parameters)));
  const std::string result = "AssumeRoleResult.Credentials.";
  Credentials out{answer.value(result + "AccessKeyId"), answer.value(result + "SecretAccessKey"),
                  answer.value(result + "SessionToken")};
  if (out.access_key.empty() || out.secret_key.empty())
    return std::unexpected(CallError{"MalformedAnswer", "STS gave no credentials", 0});
  return out;
}

}  // namespace dew::cli
