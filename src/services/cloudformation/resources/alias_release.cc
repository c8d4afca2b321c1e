#include "services/cloudformation/resources/alias_release.h"

#include <chrono>
#include <thread>

#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstLook{20};
constexpr milliseconds kLongestPause{500};

std::string_view last_part(std::string_view text) { return text.substr(text.rfind(':') + 1); }

std::string appspec(const json::Object& properties, const json::Object& policy,
                    const std::string& current) {
  json::Array hooks;
  for (const auto* event : {"BeforeAllowTraffic", "AfterAllowTraffic"}) {
    const auto function = text(policy, std::string(event) + "Hook");
    if (!function.empty()) hooks.emplace_back(json::Object{{event, function}});
  }
  json::Object resource{
      {"Type", "AWS::Lambda::Function"},
      {"Properties", json::Object{{"Name", last_part(text(properties, "FunctionName"))},
                                  {"Alias", text(properties, "Name")},
                                  {"CurrentVersion", current},
                                  {"TargetVersion", text(properties, "FunctionVersion")}}}};
  json::Object out{{"version", "0.0"},
                   {"Resources", json::Array{json::Object{{"Function", std::move(resource)}}}}};
  if (!hooks.empty()) out["Hooks"] = std::move(hooks);
  return json::dump(out);
}

ApiResult<json::Object> look(const Session& session, const std::string& id) {
  TRY(const auto found, session.call("codedeploy", "GetDeployment", {{"deploymentId", id}}));
  return found.at("deploymentInfo").as_object();
}

// nullopt: interrupted.
ApiResult<std::optional<json::Object>> wait_for(const Session& session, const std::string& id,
                                                const Interrupted& interrupted) {
  for (auto pause = kFirstLook;; pause = std::min(2 * pause, kLongestPause)) {
    TRY(auto info, look(session, id));
    const auto status = text(info, "status");
    if (status == "Succeeded" || status == "Failed" || status == "Stopped") return info;
    if (interrupted()) return std::nullopt;
    std::this_thread::sleep_for(pause);
  }
}

std::unexpected<aws::ApiError> failure(const std::string& id, const json::Object& info,
                                       const std::string& back) {
  std::string why;
  if (const auto* error = json::object_at(info, "errorInformation")) {
    why = fmt::format(" ({}: {})", text(*error, "code"), text(*error, "message"));
  }
  return aws::fail("DeploymentFailed", fmt::format("The CodeDeploy deployment {} ended as {}{}{}",
                                                   id, text(info, "status"), why, back));
}

}  // namespace

ApiResult<std::string> begin_release(const Session& session, const json::Object& properties,
                                     Direction direction) {
  const auto& policy =
      properties.at("UpdatePolicy").as_object().at("CodeDeployLambdaAliasUpdate").as_object();
  const auto wanted = text(properties, "FunctionVersion");
  const json::Object group{{"applicationName", text(policy, "ApplicationName")},
                           {"deploymentGroupName", text(policy, "DeploymentGroupName")}};
  // By this an interrupted call's deployment is known again.
  const auto ours =
      fmt::format("CloudFormation: {}:{} to version ", last_part(text(properties, "FunctionName")),
                  text(properties, "Name"));
  auto running = group;
  running["includeOnlyStatuses"] = json::Array{"Created", "Queued", "InProgress"};
  const auto found = session.call("codedeploy", "ListDeployments", std::move(running));
  if (!found && direction == Direction::kBack && says_not_found(found.error())) return "";
  CHECK_OK(found);
  for (const auto& one : found->at("deployments").as_array()) {
    auto id = json::str(one);
    TRY(const auto info, look(session, id));
    const auto description = text(info, "description");
    if (direction == Direction::kForth && description == ours + wanted) return id;
    if (direction == Direction::kBack && text(info, "creator") == "codeDeployRollback") return id;
    if (direction == Direction::kForth || !description.starts_with(ours)) continue;
    const auto stopped = session.call("codedeploy", "StopDeployment",
                                      {{"deploymentId", id}, {"autoRollbackEnabled", true}});
    if (!stopped && stopped.error().code != "DeploymentAlreadyCompletedException") {
      return std::unexpected(stopped.error());
    }
    return id;
  }
  if (direction == Direction::kBack) return "";
  TRY(const auto live, session.call("lambda", "GetAlias",
                                    {{"FunctionName", text(properties, "FunctionName")},
                                     {"Name", text(properties, "Name")}}));
  const auto current = text(live, "FunctionVersion");
  if (current == wanted) return "";
  auto input = group;
  input["description"] = ours + wanted;
  input["revision"] = json::Object{
      {"revisionType", "AppSpecContent"},
      {"appSpecContent", json::Object{{"content", appspec(properties, policy, current)}}}};
  TRY(const auto made, session.call("codedeploy", "CreateDeployment", std::move(input)));
  return text(made, "deploymentId");
}

ApiResult<bool> await_release(const Session& session, const std::string& id, Direction direction,
                              const Interrupted& interrupted) {
  TRY(const auto ended, wait_for(session, id, interrupted));
  if (!ended) return false;
  if (text(*ended, "status") == "Succeeded") return true;
  const auto* rollback = json::object_at(*ended, "rollbackInfo");
  const auto back = rollback == nullptr ? std::string() : text(*rollback, "rollbackDeploymentId");
  std::string then;
  if (!back.empty()) {
    TRY(const auto undone, wait_for(session, back, interrupted));
    if (!undone) return false;
    then = fmt::format("; the rollback deployment {} ended as {}", back, text(*undone, "status"));
  }
  if (direction == Direction::kBack) return true;
  return failure(id, *ended, then);
}

}  // namespace dew::cloudformation
