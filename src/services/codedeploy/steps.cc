// The steps of a deployment that ask other services. Each may be done again: what it writes is what
// it would have written the first time.
#include <algorithm>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/codedeploy/engine.h"

namespace dew::codedeploy {

namespace {

constexpr size_t kHookIdBytes = 48;

bool is_denied(const aws::ApiError& error) {
  return error.code == "AccessDenied" || error.code == "AccessDeniedException";
}

std::string shown_service(std::string_view service) {
  if (service == "lambda") return "AWSLambda";
  if (service == "cloudwatch") return "AmazonCloudWatch";
  return service == "s3" ? "AmazonS3" : std::string(service);
}

// docs.aws.amazon.com/codedeploy/latest/userguide/error-codes.html
std::string no_permission(std::string_view role, std::string_view service) {
  return fmt::format(
      "The IAM role {} does not give you permission to perform operations in the following AWS "
      "service: {}. Contact your AWS administrator if you need help. If you are an AWS "
      "administrator, you can grant permissions to your users or groups by creating IAM policies.",
      role, shown_service(service));
}

Phase after_hook(size_t event) {
  return event == kBeforeAllowTraffic ? Phase::kShift : Phase::kComplete;
}

}  // namespace

std::expected<aws::Identity, Engine::Failure> Engine::assume(const Deployment& d) {
  auto who = role_.assume(d.role);
  if (who) return std::move(*who);
  return std::unexpected(
      Failure{"IAM_ROLE_MISSING", fmt::format("CodeDeploy cannot assume the service role {}: {}",
                                              d.role, who.error().message)});
}

std::expected<json::Object, Engine::Failure> Engine::call(const Deployment& d,
                                                          std::string_view service,
                                                          std::string_view operation,
                                                          json::Object input) {
  TRY(const auto who, assume(d));
  auto answer = context_.caller.call(who, service, operation, std::move(input));
  if (answer) return answer->is_object() ? std::move(answer->as_object()) : json::Object{};
  const auto& error = answer.error();
  if (is_denied(error)) {
    log::warn("codedeploy: deployment {}: {}", d.id, error.message);
    return std::unexpected(Failure{"IAM_ROLE_PERMISSIONS", no_permission(d.role, service)});
  }
  if (error.status >= 500) return std::unexpected(Failure{"INTERNAL_ERROR", error.message});
  return std::unexpected(Failure{service == "s3" ? "REVISION_MISSING" : "INVALID_LAMBDA_FUNCTION",
                                 fmt::format("{} ({})", error.message, error.code)});
}

std::expected<AppSpec, Engine::Failure> Engine::read_revision(const aws::Identity& who,
                                                              const json::Object& revision) {
  std::string text;
  if (json::string_or(revision, "revisionType") == "S3") {
    const auto* place = json::object_at(revision, "s3Location");
    json::Object input{{"Bucket", json::string_or(*place, "bucket")},
                       {"Key", json::string_or(*place, "key")}};
    if (const auto version = json::string_at(*place, "version")) input["VersionId"] = *version;
    if (const auto tag = json::string_at(*place, "eTag")) input["IfMatch"] = *tag;
    const auto found = context_.caller.call(who, "s3", "GetObject", std::move(input));
    if (!found) {
      const bool denied = is_denied(found.error());
      return std::unexpected(Failure{
          denied ? "IAM_ROLE_PERMISSIONS" : "REVISION_MISSING",
          denied ? fmt::format("{} ({})", no_permission(who.arn, "s3"), found.error().message)
                 : fmt::format("The revision s3://{}/{} cannot be read: {}",
                               json::string_or(*place, "bucket"), json::string_or(*place, "key"),
                               found.error().message)});
    }
    text = json::string_or(found->as_object(), "Body");
  } else {
    for (const auto* member : {"appSpecContent", "string"}) {
      if (const auto* given = json::object_at(revision, member)) {
        text = json::string_or(*given, "content");
      }
    }
  }
  auto spec = parse_appspec(text);
  if (spec) return *std::move(spec);
  return std::unexpected(Failure{
      "INVALID_REVISION", fmt::format("The AppSpec file is not valid: {}", spec.error().message)});
}

// What may not be deployed is found before anything is changed.
Engine::Step Engine::check_target(const aws::Identity& who, const AppSpec& spec, bool rollback) {
  const auto ask = [&](std::string_view operation, json::Object input) {
    return context_.caller.call(who, "lambda", operation, std::move(input));
  };
  const auto alias = ask("GetAlias", {{"FunctionName", spec.function}, {"Name", spec.alias}});
  if (!alias) {
    if (is_denied(alias.error())) {
      return std::unexpected(
          Failure{"IAM_ROLE_PERMISSIONS",
                  fmt::format("{} ({})", no_permission(who.arn, "lambda"), alias.error().message)});
    }
    return std::unexpected(
        Failure{"INVALID_LAMBDA_FUNCTION",
                fmt::format("The alias {} of the Lambda function {} cannot be used: {}", spec.alias,
                            spec.function, alias.error().message)});
  }
  if (rollback) return {};
  if (spec.current == spec.target) {
    return std::unexpected(Failure{
        "INVALID_LAMBDA_CONFIGURATION",
        fmt::format("CurrentVersion and TargetVersion are both {}: there is no traffic to shift",
                    spec.target)});
  }
  const auto points_to = json::string_or(alias->as_object(), "FunctionVersion");
  if (points_to == spec.current) return {};
  return std::unexpected(
      Failure{"INVALID_LAMBDA_CONFIGURATION",
              fmt::format("The alias {} of the Lambda function {} points to version {}, not to "
                          "CurrentVersion {}",
                          spec.alias, spec.function, points_to, spec.current)});
}

bool Engine::prepare(Deployment& d) {
  const auto give_up = [&](const Failure& failure) {
    end(d, "Failed", failure, "DEPLOYMENT_FAILURE");
    return true;
  };
  const auto group = repository_.find_group_by_id(d.group_id);
  if (group && !*group) {
    return give_up(
        {"DEPLOYMENT_GROUP_MISSING", fmt::format("The deployment group {} was deleted", d.group)});
  }
  const auto who = assume(d);
  if (!who) return give_up(who.error());
  if (!check_alarms(d)) return true;
  AppSpec spec = d.spec;
  if (spec.function.empty()) {
    auto read = read_revision(*who, d.revision);
    if (!read) return give_up(read.error());
    spec = *std::move(read);
  }
  if (const auto checked = check_target(*who, spec, d.is_rollback()); !checked) {
    return give_up(checked.error());
  }
  return change(d, [&](Deployment& now) {
    now.spec = std::move(spec);
    now.phase = Phase::kBefore;
    now.status = "InProgress";
    now.started = repository_.now();
  });
}

// The execution's id is stored before the function is told it, so that its answer finds it whatever
// happens between.
bool Engine::invoke_hook(Deployment& d, size_t event) {
  const auto& function = event == kBeforeAllowTraffic ? d.spec.before : d.spec.after;
  if (function.empty()) {
    return change(d, [&](Deployment& now) {
      now.events[event].status = "Skipped";
      now.phase = after_hook(event);
    });
  }
  if (d.hook_id.empty() && !change(d, [&](Deployment& now) {
        now.hook_id = random_hex(2 * kHookIdBytes);
        now.hook_result.clear();
        now.events[event].status = "InProgress";
        now.events[event].started = repository_.now();
      })) {
    return false;
  }
  const json::Object payload{{"DeploymentId", d.id}, {"LifecycleEventHookExecutionId", d.hook_id}};
  const auto invoked = call(
      d, "lambda", "Invoke",
      {{"FunctionName", function}, {"InvocationType", "Event"}, {"Payload", json::dump(payload)}});
  if (!invoked) {
    end(d, "Failed", invoked.error(), "DEPLOYMENT_FAILURE");
    return true;
  }
  return change(d, [&](Deployment& now) {
    now.phase = event == kBeforeAllowTraffic ? Phase::kBeforeReply : Phase::kAfterReply;
    now.due_ms = context_.clock.now_ms() +
                 std::chrono::duration_cast<std::chrono::milliseconds>(kHookTimeout).count();
  });
}

bool Engine::await_hook(Deployment& d, size_t event) {
  if (d.hook_result == "Succeeded") {
    return change(d, [&](Deployment& now) {
      now.events[event].status = "Succeeded";
      now.events[event].ended = repository_.now();
      now.hook_id.clear();
      now.hook_result.clear();
      now.phase = after_hook(event);
    });
  }
  const auto& function = event == kBeforeAllowTraffic ? d.spec.before : d.spec.after;
  if (d.hook_result == "Failed") {
    end(d, "Failed",
        {"HOOK_EXECUTION_FAILURE",
         fmt::format("The function {} reported that its {} validation failed.", function,
                     kLifecycleEvents[event])},
        "DEPLOYMENT_FAILURE");
    return true;
  }
  if (context_.clock.now_ms() >= d.due_ms) {
    end(d, "Failed",
        {"TIMEOUT", fmt::format("The function {} did not report the status of {} within one hour.",
                                function, kLifecycleEvents[event])},
        "DEPLOYMENT_FAILURE");
    return true;
  }
  wait_until(d.id, d.due_ms);
  return false;
}

// The last shift and the move of the alias to the new version are one write, as is the way back.
bool Engine::shift(Deployment& d) {
  if (d.events[kAllowTraffic].status == "Pending" && !change(d, [&](Deployment& now) {
        now.events[kAllowTraffic].status = "InProgress";
        now.events[kAllowTraffic].started = repository_.now();
        now.moved = true;
      })) {
    return false;
  }
  const int weight = d.routing.weight(d.step);
  const bool last = weight >= 100;
  json::Object weights;
  if (!last) weights[d.spec.target] = weight / 100.0;
  const auto written =
      call(d, "lambda", "UpdateAlias",
           {{"FunctionName", d.spec.function},
            {"Name", d.spec.alias},
            {"FunctionVersion", last ? d.spec.target : d.spec.current},
            {"RoutingConfig", json::Object{{"AdditionalVersionWeights", std::move(weights)}}}});
  if (!written) {
    end(d, "Failed", written.error(), "DEPLOYMENT_FAILURE");
    return true;
  }
  return change(d, [&](Deployment& now) {
    now.weight = weight;
    if (last) {
      now.events[kAllowTraffic].status = "Succeeded";
      now.events[kAllowTraffic].ended = repository_.now();
      now.phase = Phase::kAfter;
      return;
    }
    ++now.step;
    now.due_ms = context_.clock.now_ms() + (int64_t{now.routing.interval_minutes} * 60'000);
    now.phase = Phase::kBake;
  });
}

bool Engine::check_alarms(Deployment& d) {
  if (d.alarms.empty()) return true;
  std::string reason;
  const auto who = assume(d);
  const auto active =
      who && alarms_ != nullptr
          ? alarms_->active(*who, d.alarms)
          : aws::ApiResult<std::vector<std::string>>(aws::fail(
                "ServiceUnavailable", who ? "nobody watches alarms here" : who.error().message));
  if (!active) {
    if (d.ignore_poll_failure) return true;
    reason = fmt::format("The state of the alarms cannot be read: {}", active.error().message);
  } else if (!active->empty()) {
    reason = fmt::format(
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you "
        "selected, and the affected deployments have been stopped. Activated alarms: {}",
        fmt::join(*active, ", "));
  } else {
    return true;
  }
  change(d, [&](Deployment& now) {
    if (!now.stop.empty() || now.ended()) return;
    now.stop = "alarm";
    now.stop_reason = reason;
  });
  return false;
}

}  // namespace dew::codedeploy
