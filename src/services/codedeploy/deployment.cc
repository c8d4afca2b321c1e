#include "services/codedeploy/deployment.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"

namespace dew::codedeploy {

namespace {

void put_object(json::Object& out, std::string_view key, const json::Object& value) {
  if (!value.empty()) out[key] = value;
}
void put_text(json::Object& out, std::string_view key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}
void put_time(json::Object& out, std::string_view key, double seconds) {
  if (seconds > 0) out[key] = seconds;
}
json::Object object_of(const json::Object& record, std::string_view key) {
  const auto* found = json::object_at(record, key);
  return found != nullptr ? *found : json::Object{};
}
double time_of(const json::Object& record, std::string_view key) {
  return json::number_at(record, key).value_or(0);
}

json::Object engine_record(const Deployment& d) {
  json::Array alarms;
  for (const auto& name : d.alarms) alarms.emplace_back(name);
  json::Object out{{"phase", static_cast<int>(d.phase)},
                   {"role", d.role},
                   {"routing", to_json(d.routing)},
                   {"step", d.step},
                   {"weight", d.weight},
                   {"moved", d.moved},
                   {"due_ms", d.due_ms},
                   {"hook_id", d.hook_id},
                   {"hook_result", d.hook_result},
                   {"stop", d.stop},
                   {"stop_reason", d.stop_reason},
                   {"stop_rollback", d.stop_rollback},
                   {"alarms", std::move(alarms)},
                   {"ignore_poll_failure", d.ignore_poll_failure}};
  if (!d.spec.function.empty()) {
    out["spec"] = json::Object{{"function", d.spec.function}, {"alias", d.spec.alias},
                               {"current", d.spec.current},   {"target", d.spec.target},
                               {"before", d.spec.before},     {"after", d.spec.after}};
  }
  return out;
}

void read_engine(const json::Object& record, Deployment& d) {
  d.phase = static_cast<Phase>(json::int_at(record, "phase").value_or(0));
  d.role = json::string_or(record, "role");
  if (auto routing = parse_routing(object_of(record, "routing"))) d.routing = *routing;
  d.step = static_cast<int>(json::int_at(record, "step").value_or(0));
  d.weight = static_cast<int>(json::int_at(record, "weight").value_or(0));
  d.moved = json::bool_at(record, "moved").value_or(false);
  d.due_ms = json::int_at(record, "due_ms").value_or(0);
  d.hook_id = json::string_or(record, "hook_id");
  d.hook_result = json::string_or(record, "hook_result");
  d.stop = json::string_or(record, "stop");
  d.stop_reason = json::string_or(record, "stop_reason");
  d.stop_rollback = json::bool_at(record, "stop_rollback").value_or(false);
  d.ignore_poll_failure = json::bool_at(record, "ignore_poll_failure").value_or(false);
  if (const auto* alarms = json::array_at(record, "alarms")) {
    for (const auto& name : *alarms) d.alarms.push_back(json::str(name));
  }
  const auto spec = object_of(record, "spec");
  d.spec = {json::string_or(spec, "function"), json::string_or(spec, "alias"),
            json::string_or(spec, "current"),  json::string_or(spec, "target"),
            json::string_or(spec, "before"),   json::string_or(spec, "after")};
}

std::string_view target_status(const Deployment& d) {
  if (d.status == "Created" || d.status == "Queued") return "Pending";
  if (d.status != "Stopped") return d.status;
  return "Skipped";
}

}  // namespace

std::string new_deployment_id() {
  constexpr size_t kLength = 9;
  return "d-" + random_upper_alnum(kLength);
}

std::string revision_sha(std::string_view text) { return hex_encode(sha256(text)); }

bool Deployment::rolls_back_on(std::string_view event) const {
  if (!json::bool_at(auto_rollback, "enabled").value_or(false)) return false;
  const auto* events_given = json::array_at(auto_rollback, "events");
  return events_given != nullptr && std::ranges::any_of(*events_given, [&](const auto& one) {
           return one.is_string() && json::view(one.as_string()) == event;
         });
}

json::Object to_record(const Deployment& d) {
  json::Object out{{"deploymentId", d.id},
                   {"applicationName", d.application},
                   {"applicationId", d.application_id},
                   {"deploymentGroupName", d.group},
                   {"deploymentGroupId", d.group_id},
                   {"deploymentConfigName", d.config},
                   {"creator", d.creator},
                   {"status", d.status}};
  put_text(out, "description", d.description);
  put_object(out, "revision", d.revision);
  put_object(out, "previousRevision", d.previous_revision);
  put_object(out, "autoRollbackConfiguration", d.auto_rollback);
  put_object(out, "overrideAlarmConfiguration", d.override_alarms);
  put_object(out, "errorInformation", d.error);
  put_object(out, "rollbackInfo", d.rollback_info);
  put_time(out, "createTime", d.created);
  put_time(out, "startTime", d.started);
  put_time(out, "completeTime", d.completed);
  put_time(out, "updateTime", d.updated);
  json::Array events;
  for (const auto& event : d.events) {
    json::Object one{{"status", event.status}};
    put_time(one, "startTime", event.started);
    put_time(one, "endTime", event.ended);
    put_text(one, "error", event.error);
    events.emplace_back(std::move(one));
  }
  out["events"] = std::move(events);
  out["engine"] = engine_record(d);
  return out;
}

Deployment from_record(const json::Object& record) {
  Deployment d;
  d.id = json::string_or(record, "deploymentId");
  d.application = json::string_or(record, "applicationName");
  d.application_id = json::string_or(record, "applicationId");
  d.group = json::string_or(record, "deploymentGroupName");
  d.group_id = json::string_or(record, "deploymentGroupId");
  d.config = json::string_or(record, "deploymentConfigName");
  d.creator = json::string_or(record, "creator");
  d.status = json::string_or(record, "status");
  d.description = json::string_or(record, "description");
  d.revision = object_of(record, "revision");
  d.previous_revision = object_of(record, "previousRevision");
  d.auto_rollback = object_of(record, "autoRollbackConfiguration");
  d.override_alarms = object_of(record, "overrideAlarmConfiguration");
  d.error = object_of(record, "errorInformation");
  d.rollback_info = object_of(record, "rollbackInfo");
  d.created = time_of(record, "createTime");
  d.started = time_of(record, "startTime");
  d.completed = time_of(record, "completeTime");
  d.updated = time_of(record, "updateTime");
  if (const auto* events = json::array_at(record, "events")) {
    for (size_t i = 0; i < std::min(events->size(), d.events.size()); ++i) {
      const auto& one = (*events)[i].as_object();
      d.events[i] = {json::string_or(one, "status"), time_of(one, "startTime"),
                     time_of(one, "endTime"), json::string_or(one, "error")};
    }
  }
  read_engine(object_of(record, "engine"), d);
  return d;
}

json::Object shown_revision(const json::Object& revision) {
  json::Object out = revision;
  for (const auto* member : {"appSpecContent", "string"}) {
    if (auto* found = out.if_contains(member); found != nullptr && found->is_object()) {
      found->as_object().erase("content");
    }
  }
  return out;
}

json::Object deployment_info(const Deployment& d) {
  json::Object overview{{"Pending", 0}, {"InProgress", 0}, {"Succeeded", 0},
                        {"Failed", 0},  {"Skipped", 0},    {"Ready", 0}};
  overview[target_status(d)] = 1;
  json::Object out{{"applicationName", d.application},
                   {"deploymentGroupName", d.group},
                   {"deploymentConfigName", d.config},
                   {"deploymentId", d.id},
                   {"status", d.status},
                   {"deploymentOverview", std::move(overview)},
                   {"creator", d.creator},
                   {"ignoreApplicationStopFailures", false},
                   {"updateOutdatedInstancesOnly", false},
                   {"deploymentStyle", json::Object{{"deploymentType", "BLUE_GREEN"},
                                                    {"deploymentOption", "WITH_TRAFFIC_CONTROL"}}},
                   {"instanceTerminationWaitTimeStarted", false},
                   {"fileExistsBehavior", "DISALLOW"},
                   {"deploymentStatusMessages", json::Array{}},
                   {"computePlatform", "Lambda"}};
  put_text(out, "description", d.description);
  put_object(out, "revision", shown_revision(d.revision));
  put_object(out, "previousRevision", shown_revision(d.previous_revision));
  put_object(out, "autoRollbackConfiguration", d.auto_rollback);
  put_object(out, "overrideAlarmConfiguration", d.override_alarms);
  put_object(out, "errorInformation", d.error);
  put_object(out, "rollbackInfo", d.rollback_info);
  put_time(out, "createTime", d.created);
  put_time(out, "startTime", d.started);
  put_time(out, "completeTime", d.completed);
  return out;
}

std::string target_id(const Deployment& d) { return d.spec.function + ":" + d.spec.alias; }

json::Object deployment_target(const Deployment& d, std::string_view region,
                               std::string_view account) {
  json::Array events;
  for (size_t i = 0; i < d.events.size(); ++i) {
    const auto& event = d.events[i];
    json::Object one{{"lifecycleEventName", kLifecycleEvents[i]}, {"status", event.status}};
    put_time(one, "startTime", event.started);
    put_time(one, "endTime", event.ended);
    if (!event.error.empty()) {
      one["diagnostics"] = json::Object{{"errorCode", "UnknownError"}, {"message", event.error}};
    }
    events.emplace_back(std::move(one));
  }
  json::Object target{{"deploymentId", d.id},
                      {"targetId", target_id(d)},
                      {"targetArn", fmt::format("arn:aws:lambda:{}:{}:function:{}:{}", region,
                                                account, d.spec.function, d.spec.alias)},
                      {"status", target_status(d)},
                      {"lifecycleEvents", std::move(events)},
                      {"lambdaFunctionInfo", json::Object{{"functionName", d.spec.function},
                                                          {"functionAlias", d.spec.alias},
                                                          {"currentVersion", d.spec.current},
                                                          {"targetVersion", d.spec.target},
                                                          {"targetVersionWeight", d.weight}}}};
  put_time(target, "lastUpdatedAt", d.updated);
  return {{"deploymentTargetType", "LambdaTarget"}, {"lambdaTarget", std::move(target)}};
}

Watched watched_alarms(const json::Object& configuration) {
  Watched out;
  if (!json::bool_at(configuration, "enabled").value_or(false)) return out;
  out.ignore_poll_failure = json::bool_at(configuration, "ignorePollAlarmFailure").value_or(false);
  if (const auto* alarms = json::array_at(configuration, "alarms")) {
    for (const auto& alarm : *alarms) {
      out.names.push_back(json::string_or(alarm.as_object(), "name"));
    }
  }
  return out;
}

}  // namespace dew::codedeploy
