// Deployments: begun, looked at, and stopped. What carries them out is the engine.
#include <algorithm>
#include <set>

#include "services/codedeploy/names.h"
#include "services/codedeploy/service.h"

namespace dew::codedeploy {

namespace {

constexpr size_t kMaxBatch = 25;
constexpr size_t kMaxDescription = 1024;

std::unexpected<aws::ApiError> invalid_revision(std::string message) {
  return aws::fail("InvalidRevisionException", std::move(message));
}

// The revision as it is kept: with its text's sha256.
aws::ApiResult<json::Object> checked_revision(const json::Object& input) {
  const auto* given = json::object_at(input, "revision");
  if (given == nullptr) {
    return aws::fail("RevisionRequiredException", "The revision ID was not specified.");
  }
  json::Object revision = *given;
  const auto type = json::string_or(revision, "revisionType");
  if (type == "GitHub") {
    return aws::fail(aws::ApiError::unsupported("revisions from GitHub (of servers only)"));
  }
  if (type == "S3") {
    const auto* place = json::object_at(revision, "s3Location");
    if (place == nullptr || json::string_or(*place, "bucket").empty() ||
        json::string_or(*place, "key").empty()) {
      return invalid_revision("s3Location must name a bucket and a key");
    }
    const auto bundle = json::string_or(*place, "bundleType");
    if (bundle != "YAML" && bundle != "JSON") {
      return invalid_revision(
          fmt::format("The bundle type of a Lambda deployment is YAML or JSON, not '{}'", bundle));
    }
    return revision;
  }
  const auto* const member = type == "String" ? "string" : "appSpecContent";
  if (type != "String" && type != "AppSpecContent") {
    return invalid_revision(
        fmt::format("The revision type must be AppSpecContent, String or S3, not '{}'", type));
  }
  auto* content = revision.if_contains(member);
  if (content == nullptr || !content->is_object() ||
      json::string_or(content->as_object(), "content").empty()) {
    return invalid_revision(fmt::format("{} must have content", member));
  }
  const auto text = json::string_or(content->as_object(), "content");
  const auto sha = revision_sha(text);
  if (const auto said = json::string_at(content->as_object(), "sha256"); said && *said != sha) {
    return invalid_revision(fmt::format("The sha256 of the revision is {}, not {}", sha, *said));
  }
  if (const auto spec = parse_appspec(text); !spec) {
    return invalid_revision(fmt::format("The AppSpec file is not valid: {}", spec.error().message));
  }
  content->as_object()["sha256"] = sha;
  return revision;
}

aws::ApiResult<void> refuse_servers_options(const json::Object& input) {
  CHECK_OK(refuse_other_platforms(input));
  if (json::bool_at(input, "ignoreApplicationStopFailures").value_or(false)) {
    return aws::fail("InvalidIgnoreApplicationStopFailuresValueException",
                     "For Lambda deployments, ignoreApplicationStopFailures must be false");
  }
  if (json::bool_at(input, "updateOutdatedInstancesOnly").value_or(false)) {
    return aws::fail("InvalidUpdateOutdatedInstancesOnlyValueException",
                     "For Lambda deployments, updateOutdatedInstancesOnly must be false");
  }
  if (json::string_or(input, "fileExistsBehavior", "DISALLOW") != "DISALLOW") {
    return aws::fail("InvalidFileExistsBehaviorException",
                     "Lambda deployments have no files: fileExistsBehavior must be DISALLOW");
  }
  if (json::string_or(input, "description").size() > kMaxDescription) {
    return aws::fail("DescriptionTooLongException",
                     fmt::format("The description is longer than {} bytes", kMaxDescription));
  }
  return {};
}

}  // namespace

aws::ApiResult<json::Value> Service::create_deployment(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  const auto group_name = json::string_or(call.input, "deploymentGroupName");
  CHECK_OK(check_application_name(application_name));
  CHECK_OK(check_group_name(group_name));
  CHECK_OK(refuse_servers_options(call.input));
  Deployment d;
  TRY(d.revision, checked_revision(call.input));
  const auto* alarms = json::object_at(call.input, "overrideAlarmConfiguration");
  const auto* rollback = json::object_at(call.input, "autoRollbackConfiguration");
  if (alarms != nullptr) CHECK_OK(check_alarm_configuration(*alarms));
  if (rollback != nullptr) CHECK_OK(check_auto_rollback(*rollback));

  std::unique_lock lock(repository_.mutex());
  TRY(const auto application, repository_.application(application_name));
  TRY(auto group, repository_.group(application, group_name));
  d.config = json::string_or(call.input, "deploymentConfigName",
                             json::string_or(group, "deploymentConfigName"));
  CHECK_OK(check_config_name(d.config));
  TRY(const auto config, repository_.config(d.config));
  TRY(d.routing, parse_routing(*json::object_at(config, "trafficRoutingConfig")));
  if (const auto active = json::string_at(group, "activeDeployment")) {
    return aws::fail("DeploymentLimitExceededException",
                     fmt::format("The Deployment Group '{}' already has an active Deployment '{}'",
                                 group_name, *active));
  }
  d.id = new_deployment_id();
  d.application = application_name;
  d.application_id = json::string_or(application, "applicationId");
  d.group = group_name;
  d.group_id = json::string_or(group, "deploymentGroupId");
  d.description = json::string_or(call.input, "description");
  d.role = json::string_or(group, "serviceRoleArn");
  d.created = d.updated = repository_.now();
  if (alarms != nullptr) d.override_alarms = *alarms;
  if (rollback == nullptr) rollback = json::object_at(group, "autoRollbackConfiguration");
  if (rollback != nullptr) d.auto_rollback = *rollback;
  if (alarms == nullptr) alarms = json::object_at(group, "alarmConfiguration");
  if (alarms != nullptr) {
    auto watched = watched_alarms(*alarms);
    d.alarms = std::move(watched.names);
    d.ignore_poll_failure = watched.ignore_poll_failure;
  }
  if (const auto* before = json::object_at(group, "targetRevision")) d.previous_revision = *before;
  group["activeDeployment"] = d.id;
  store::Batch batch;
  repository_.put_new(batch, d);
  repository_.put_group(batch, group);
  CHECK_OK(repository_.store().commit(batch));
  lock.unlock();
  engine_.wake(d.id);
  return json::Object{{"deploymentId", d.id}};
}

aws::ApiResult<json::Value> Service::get_deployment(aws::Call& call) {
  TRY(const auto d, repository_.deployment(json::string_or(call.input, "deploymentId")));
  return json::Object{{"deploymentInfo", deployment_info(d)}};
}

aws::ApiResult<json::Value> Service::batch_get_deployments(aws::Call& call) {
  const auto* ids = json::array_at(call.input, "deploymentIds");
  if (ids == nullptr || ids->empty()) {
    return aws::fail("DeploymentIdRequiredException",
                     "At least one deployment ID must be specified.");
  }
  if (ids->size() > kMaxBatch) {
    return aws::fail("BatchLimitExceededException",
                     fmt::format("The maximum number of names or IDs allowed for this request ({}) "
                                 "was exceeded.",
                                 kMaxBatch));
  }
  json::Array out;
  for (const auto& id : *ids) {
    auto d = repository_.deployment(json::view(id.as_string()));
    if (!d && d.error().code == "DeploymentDoesNotExistException") continue;
    if (!d) return std::unexpected(std::move(d).error());
    out.emplace_back(deployment_info(*d));
  }
  return json::Object{{"deploymentsInfo", std::move(out)}};
}

aws::ApiResult<json::Value> Service::list_deployments(aws::Call& call) {
  const auto application_name = json::string_or(call.input, "applicationName");
  const auto group_name = json::string_or(call.input, "deploymentGroupName");
  if (call.input.contains("externalId")) {
    return aws::fail(aws::ApiError::unsupported("externalId: no deployment here has one"));
  }
  if (application_name.empty() != group_name.empty()) {
    return aws::fail(application_name.empty() ? "ApplicationNameRequiredException"
                                              : "DeploymentGroupNameRequiredException",
                     "applicationName and deploymentGroupName must both be given, or neither");
  }
  auto prefix = Repository::by_time();
  if (!application_name.empty()) {
    TRY(const auto application, repository_.application(application_name));
    TRY(const auto group, repository_.group(application, group_name));
    prefix = Repository::of_group(json::string_or(group, "deploymentGroupId"));
  }
  std::set<std::string> statuses;
  if (const auto* only = json::array_at(call.input, "includeOnlyStatuses")) {
    for (const auto& one : *only) statuses.insert(json::str(one));
  }
  double start = 0;
  double stop = 1e18;
  if (const auto* range = json::object_at(call.input, "createTimeRange")) {
    start = json::number_at(*range, "start").value_or(start);
    stop = json::number_at(*range, "end").value_or(stop);
    if (start > stop) {
      return aws::fail("InvalidTimeRangeException", "The time range ends before it starts");
    }
  }
  TRY(const auto after, after_token(call.input));
  json::Object out;
  json::Array ids;
  std::string last;
  aws::ApiResult<void> read;
  CHECK_OK(services::scan(repository_.store(), prefix, after,
                          [&](std::string_view key, const json::Object& record) {
                            if (key == after) return true;
                            auto found = repository_.deployment(json::string_or(record, "id"));
                            if (!found) {
                              read = std::unexpected(std::move(found).error());
                              return false;
                            }
                            if ((!statuses.empty() && !statuses.contains(found->status)) ||
                                found->created < start || found->created > stop) {
                              return true;
                            }
                            if (ids.size() == kPage) {
                              out["nextToken"] = token_of(last);
                              return false;
                            }
                            ids.emplace_back(found->id);
                            last = key;
                            return true;
                          }));
  CHECK_OK(read);
  out["deployments"] = std::move(ids);
  return out;
}

aws::ApiResult<json::Value> Service::stop_deployment(aws::Call& call) {
  const auto id = json::string_or(call.input, "deploymentId");
  if (id.empty()) {
    return aws::fail("DeploymentIdRequiredException",
                     "At least one deployment ID must be specified.");
  }
  {
    const std::scoped_lock lock(repository_.mutex());
    TRY(auto d, repository_.deployment(id));
    if (d.ended()) {
      return aws::fail("DeploymentAlreadyCompletedException",
                       fmt::format("The deployment {} is already complete.", id));
    }
    if (d.stop.empty()) {
      d.stop = "request";
      d.stop_rollback = json::bool_at(call.input, "autoRollbackEnabled")
                            .value_or(d.rolls_back_on("DEPLOYMENT_STOP_ON_REQUEST"));
      store::Batch batch;
      repository_.put(batch, d);
      CHECK_OK(repository_.store().commit(batch));
    }
  }
  engine_.wake(id);
  return json::Object{{"status", "Pending"}, {"statusMessage", "The deployment is being stopped."}};
}

// docs.aws.amazon.com/codedeploy/latest/APIReference/API_ContinueDeployment.html: of blue/green
// deployments to servers and to ECS.
aws::ApiResult<json::Value> Service::continue_deployment(aws::Call& call) {
  const auto id = json::string_or(call.input, "deploymentId");
  if (id.empty()) {
    return aws::fail("DeploymentIdRequiredException",
                     "At least one deployment ID must be specified.");
  }
  TRY(const auto d, repository_.deployment(id));
  if (d.ended()) {
    return aws::fail("DeploymentAlreadyCompletedException",
                     fmt::format("The deployment {} is already complete.", id));
  }
  return aws::fail("UnsupportedActionForDeploymentTypeException",
                   "ContinueDeployment is not supported for deployments to Lambda functions");
}

}  // namespace dew::codedeploy
