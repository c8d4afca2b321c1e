#include "cli/release_calls.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"

namespace dew::cli {

namespace {

constexpr std::string_view kTarget = "CodeDeploy_20141006";
constexpr size_t kBatch = 25;  // of BatchGetDeployments
constexpr int kPages = 100;

CallResult<json::Object> codedeploy(ApiClient& api, std::string_view operation,
                                    json::Object input) {
  return api.json("codedeploy", kTarget, operation, std::move(input));
}

CallResult<json::Object> lambda(ApiClient& api, std::string_view method, const std::string& target,
                                const json::Object* body = nullptr) {
  http::Headers headers;
  if (body != nullptr) headers.add("Content-Type", "application/json");
  TRY(const auto answer, api.rest("lambda", method, target, std::move(headers),
                                  body == nullptr ? std::string() : json::dump(*body)));
  const auto value = json::parse(answer.body);
  if (!value || !value->is_object()) {
    return std::unexpected(CallError{"InvalidAnswer", "Lambda's answer is no JSON object", 0});
  }
  return value->as_object();
}

std::string function_target(const std::string& function, std::string_view rest) {
  return fmt::format("/2015-03-31/functions/{}/{}", url_encode(function), rest);
}

json::Object group_input(const Group& group) {
  return {{"applicationName", group.application}, {"deploymentGroupName", group.name}};
}

Release release_from(const json::Object& info) {
  Release out;
  out.id = json::string_or(info, "deploymentId");
  out.group = {json::string_or(info, "applicationName"),
               json::string_or(info, "deploymentGroupName")};
  out.status = json::string_or(info, "status");
  out.creator = json::string_or(info, "creator");
  out.config = json::string_or(info, "deploymentConfigName");
  out.description = json::string_or(info, "description");
  out.created = json::number_at(info, "createTime").value_or(0);
  out.completed = json::number_at(info, "completeTime").value_or(0);
  if (const auto* error = json::object_at(info, "errorInformation")) {
    out.error_code = json::string_or(*error, "code");
    out.error_message = json::string_or(*error, "message");
  }
  if (const auto* rollback = json::object_at(info, "rollbackInfo")) {
    out.rollback_id = json::string_or(*rollback, "rollbackDeploymentId");
    out.triggered_by = json::string_or(*rollback, "rollbackTriggeringDeploymentId");
  }
  return out;
}

// Which alias it moves, once that is known.
CallResult<void> add_target(ApiClient& api, Release& release) {
  auto ids = codedeploy(api, "ListDeploymentTargets", {{"deploymentId", release.id}});
  if (!ids && ids.error().code == "DeploymentNotStartedException") return {};
  if (!ids) return std::unexpected(ids.error());
  const auto* list = json::array_at(*ids, "targetIds");
  if (list == nullptr || list->empty()) return {};
  TRY(const auto found, codedeploy(api, "GetDeploymentTarget",
                                   {{"deploymentId", release.id}, {"targetId", list->front()}}));
  const auto* target = json::object_at(found, "deploymentTarget");
  const auto* lambda_target =
      target == nullptr ? nullptr : json::object_at(*target, "lambdaTarget");
  const auto* function =
      lambda_target == nullptr ? nullptr : json::object_at(*lambda_target, "lambdaFunctionInfo");
  if (function == nullptr) return {};
  release.function = json::string_or(*function, "functionName");
  release.alias = json::string_or(*function, "functionAlias");
  release.current = json::string_or(*function, "currentVersion");
  release.target = json::string_or(*function, "targetVersion");
  release.weight = json::number_at(*function, "targetVersionWeight").value_or(0);
  return {};
}

}  // namespace

std::string AliasState::traffic() const {
  double own = 1;
  std::string others;
  for (const auto& [other, weight] : weights) {
    own -= weight;
    others += fmt::format(", version {} ({:.4g} %)", other, weight * 100);
  }
  if (others.empty()) return fmt::format("version {}", version);
  return fmt::format("version {} ({:.4g} %){}", version, own * 100, others);
}

CallResult<AliasState> alias_state(ApiClient& api, const std::string& function,
                                   const std::string& alias) {
  TRY(const auto found,
      lambda(api, "GET", function_target(function, "aliases/" + url_encode(alias))));
  AliasState out;
  out.function = function;
  out.alias = alias;
  out.version = json::string_or(found, "FunctionVersion");
  const auto* routing = json::object_at(found, "RoutingConfig");
  const auto* weights =
      routing == nullptr ? nullptr : json::object_at(*routing, "AdditionalVersionWeights");
  if (weights != nullptr) {
    for (const auto& [version, weight] : *weights) {
      out.weights[std::string(version)] = json::number_at(*weights, version).value_or(0);
    }
  }
  return out;
}

CallResult<std::vector<AliasState>> stack_aliases(ApiClient& api, const std::string& stack) {
  TRY(const auto resources, stack_resources(api, stack));
  std::vector<AliasState> out;
  for (const auto& resource : resources) {
    if (resource.type != "AWS::Lambda::Alias") continue;
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS
    const auto& arn = resource.physical_id;
    const auto last = arn.rfind(':');
    const auto before = last == std::string::npos ? last : arn.rfind(':', last - 1);
    if (before == std::string::npos) continue;
    TRY(auto state,
        alias_state(api, arn.substr(before + 1, last - before - 1), arn.substr(last + 1)));
    state.logical_id = resource.logical_id;
    out.push_back(std::move(state));
  }
  return out;
}

CallResult<std::vector<Group>> stack_groups(ApiClient& api, const std::string& stack) {
  TRY(const auto resources, stack_resources(api, stack));
  std::vector<Group> out;
  for (const auto& application : resources) {
    if (application.type != "AWS::CodeDeploy::Application") continue;
    TRY(const auto found,
        codedeploy(api, "ListDeploymentGroups", {{"applicationName", application.physical_id}}));
    const auto* groups = json::array_at(found, "deploymentGroups");
    for (const auto& group : groups ? *groups : json::Array()) {
      out.push_back({application.physical_id, json::str(group)});
    }
  }
  return out;
}

CallResult<std::vector<Release>> releases_of(ApiClient& api, const Group& group, Which which,
                                             size_t most) {
  auto input = group_input(group);
  if (which == Which::kRunning) {
    input["includeOnlyStatuses"] = json::Array{"Created", "Queued", "InProgress"};
  }
  std::vector<std::string> ids;
  for (int page = 0; page < kPages && ids.size() < most; ++page) {
    TRY(const auto found, codedeploy(api, "ListDeployments", input));
    const auto* list = json::array_at(found, "deployments");
    for (const auto& id : list ? *list : json::Array()) ids.push_back(json::str(id));
    const auto next = json::string_or(found, "nextToken");
    if (next.empty()) break;
    input["nextToken"] = next;
  }
  std::vector<Release> out;
  for (size_t from = 0; from < ids.size(); from += kBatch) {
    json::Array batch;
    for (size_t i = from; i < std::min(ids.size(), from + kBatch); ++i) batch.emplace_back(ids[i]);
    TRY(const auto found,
        codedeploy(api, "BatchGetDeployments", {{"deploymentIds", std::move(batch)}}));
    const auto* list = json::array_at(found, "deploymentsInfo");
    for (const auto& info : list ? *list : json::Array()) {
      out.push_back(release_from(info.as_object()));
    }
  }
  // AWS promises no order.
  std::ranges::sort(out, std::greater{}, &Release::created);
  if (out.size() > most) out.resize(most);
  for (auto& one : out) CHECK_OK(add_target(api, one));
  return out;
}

CallResult<Release> release(ApiClient& api, const std::string& id) {
  TRY(const auto found, codedeploy(api, "GetDeployment", {{"deploymentId", id}}));
  const auto* info = json::object_at(found, "deploymentInfo");
  if (info == nullptr) {
    return std::unexpected(CallError{"InvalidAnswer", "GetDeployment answered with nothing", 0});
  }
  auto out = release_from(*info);
  CHECK_OK(add_target(api, out));
  return out;
}

CallResult<std::string> start_release(ApiClient& api, const Group& group, const AliasState& alias,
                                      const std::string& version) {
  const json::Object resource{{"Type", "AWS::Lambda::Function"},
                              {"Properties", json::Object{{"Name", alias.function},
                                                          {"Alias", alias.alias},
                                                          {"CurrentVersion", alias.version},
                                                          {"TargetVersion", version}}}};
  const json::Object spec{{"version", "0.0"},
                          {"Resources", json::Array{json::Object{{"Function", resource}}}}};
  auto input = group_input(group);
  input["deploymentConfigName"] = "CodeDeployDefault.LambdaAllAtOnce";
  input["description"] = fmt::format("dew rollback: {} to version {}", alias.name(), version);
  input["revision"] = json::Object{{"revisionType", "AppSpecContent"},
                                   {"appSpecContent", json::Object{{"content", json::dump(spec)}}}};
  TRY(const auto made, codedeploy(api, "CreateDeployment", std::move(input)));
  return json::string_or(made, "deploymentId");
}

CallResult<void> stop_release(ApiClient& api, const std::string& id) {
  TRY(const auto stopped,
      codedeploy(api, "StopDeployment", {{"deploymentId", id}, {"autoRollbackEnabled", true}}));
  return {};
}

CallResult<std::vector<std::string>> alarms_of(ApiClient& api, const Group& group) {
  TRY(const auto found, codedeploy(api, "GetDeploymentGroup", group_input(group)));
  std::vector<std::string> out;
  const auto* info = json::object_at(found, "deploymentGroupInfo");
  const auto* alarms = info == nullptr ? nullptr : json::object_at(*info, "alarmConfiguration");
  if (alarms == nullptr || !json::bool_at(*alarms, "enabled").value_or(false)) return out;
  const auto* list = json::array_at(*alarms, "alarms");
  for (const auto& alarm : list ? *list : json::Array()) {
    out.push_back(json::string_or(alarm.as_object(), "name"));
  }
  return out;
}

CallResult<std::map<std::string, std::string>> alarm_states(ApiClient& api,
                                                            const std::vector<std::string>& names) {
  std::map<std::string, std::string> out;
  if (names.empty()) return out;
  Parameters parameters{{"AlarmTypes.member.1", "MetricAlarm"},
                        {"AlarmTypes.member.2", "CompositeAlarm"}};
  for (size_t i = 0; i < names.size(); ++i) {
    parameters.emplace_back(fmt::format("AlarmNames.member.{}", i + 1), names[i]);
  }
  TRY(const auto found,
      api.query("monitoring", "2010-08-01", "DescribeAlarms", std::move(parameters)));
  for (const auto* kind : {"MetricAlarms", "CompositeAlarms"}) {
    const Xml* list = found.find(fmt::format("DescribeAlarmsResult.{}", kind));
    if (list == nullptr) continue;
    for (const auto& alarm : list->children) {
      out[alarm.value("AlarmName")] = alarm.value("StateValue");
    }
  }
  return out;
}

CallResult<std::vector<int64_t>> published_versions(ApiClient& api, const std::string& function) {
  std::vector<int64_t> out;
  std::string marker;
  for (int page = 0; page < kPages; ++page) {
    TRY(const auto found,
        lambda(
            api, "GET",
            function_target(function, marker.empty() ? std::string("versions")
                                                     : "versions?Marker=" + url_encode(marker))));
    const auto* list = json::array_at(found, "Versions");
    for (const auto& version : list ? *list : json::Array()) {
      const auto number = json::string_or(version.as_object(), "Version");
      if (number != "$LATEST") out.push_back(std::atoll(number.c_str()));
    }
    marker = json::string_or(found, "NextMarker");
    if (marker.empty()) break;
  }
  std::ranges::sort(out);
  return out;
}

CallResult<void> point_alias(ApiClient& api, const AliasState& alias, const std::string& version) {
  const json::Object body{
      {"FunctionVersion", version},
      {"RoutingConfig", json::Object{{"AdditionalVersionWeights", json::Object{}}}}};
  TRY(const auto done,
      lambda(api, "PUT", function_target(alias.function, "aliases/" + url_encode(alias.alias)),
             &body));
  return {};
}

}  // namespace dew::cli
