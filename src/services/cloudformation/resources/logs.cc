// AWS::Logs::LogGroup, AWS::Logs::MetricFilter, AWS::Logs::SubscriptionFilter
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-metricfilter.html
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-subscriptionfilter.html
//
// Putting a filter overwrites it whole, so an update is the same call.
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

Instance instance(const Session& session, const std::string& name, const json::Object& properties) {
  return {name,
          properties,
          {{"Arn", fmt::format("arn:aws:logs:{}:{}:log-group:{}:*", session.region, session.account,
                               name)}}};
}

ApiResult<void> apply(const Session& session, const std::string& group, const json::Object& before,
                      const json::Object& now) {
  if (differs(before, now, "RetentionInDays")) {
    if (const auto* days = json::find(now, "RetentionInDays")) {
      CHECK_OK(session.call("logs", "PutRetentionPolicy",
                            {{"logGroupName", group}, {"retentionInDays", *days}}));
    } else {
      CHECK_OK(session.call("logs", "DeleteRetentionPolicy", {{"logGroupName", group}}));
    }
  }
  return {};
}

ApiResult<Instance> create(const Session& session, const Desired& desired) {
  json::Object input{{"logGroupName", desired.name}};
  if (auto tags = tag_map(desired.properties); !tags.empty()) input["tags"] = std::move(tags);
  CHECK_OK(session.call("logs", "CreateLogGroup", std::move(input)));
  desired.note(desired.name);
  CHECK_OK(apply(session, desired.name, {}, desired.properties));
  return instance(session, desired.name, desired.properties);
}

ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  CHECK_OK(apply(session, current.id, current.properties, desired.properties));
  if (differs(current.properties, desired.properties, "Tags")) {
    const auto before = tag_map(current.properties);
    auto now = tag_map(desired.properties);
    if (auto gone = keys_gone(before, now); !gone.empty()) {
      CHECK_OK(session.call("logs", "UntagLogGroup",
                            {{"logGroupName", current.id}, {"tags", std::move(gone)}}));
    }
    if (!now.empty())
      CHECK_OK(session.call("logs", "TagLogGroup",
                            {{"logGroupName", current.id}, {"tags", std::move(now)}}));
  }
  return instance(session, current.id, desired.properties);
}

ApiResult<bool> exists(const Session& session, const Desired& desired) {
  TRY(const auto found,
      session.call("logs", "DescribeLogGroups", {{"logGroupNamePrefix", desired.name}}));
  const auto* groups = json::array_at(found, "logGroups");
  return groups != nullptr && std::ranges::any_of(*groups, [&](const json::Value& group) {
           return text(group.as_object(), "logGroupName") == desired.name;
         });
}

// ---- Filters: known by their names, within a group that their properties name.

json::Array transformations(const json::Object& properties) {
  json::Array out;
  for (const auto& element : properties.at("MetricTransformations").as_array()) {
    const auto& one = element.as_object();
    json::Object transformation;
    copy(transformation, one,
         {{"MetricName", "metricName"},
          {"MetricNamespace", "metricNamespace"},
          {"MetricValue", "metricValue"},
          {"DefaultValue", "defaultValue"},
          {"Unit", "unit"}});
    if (const auto* dimensions = json::array_at(one, "Dimensions")) {
      json::Object map;
      for (const auto& dimension : *dimensions)
        map[text(dimension.as_object(), "Key")] = text(dimension.as_object(), "Value");
      transformation["dimensions"] = std::move(map);
    }
    out.emplace_back(std::move(transformation));
  }
  return out;
}

ApiResult<Instance> put_metric_filter(const Session& session, const std::string& name,
                                      const json::Object& properties) {
  json::Object input{{"logGroupName", text(properties, "LogGroupName")},
                     {"filterName", name},
                     {"filterPattern", text(properties, "FilterPattern")},
                     {"metricTransformations", transformations(properties)}};
  copy(input, properties,
       {{"ApplyOnTransformedLogs", "applyOnTransformedLogs"},
        {"FieldSelectionCriteria", "fieldSelectionCriteria"},
        {"EmitSystemFieldDimensions", "emitSystemFieldDimensions"}});
  CHECK_OK(session.call("logs", "PutMetricFilter", std::move(input)));
  return Instance{name, properties, {}};
}

ApiResult<Instance> put_subscription_filter(const Session& session, const std::string& name,
                                            const json::Object& properties) {
  json::Object input{{"logGroupName", text(properties, "LogGroupName")},
                     {"filterName", name},
                     {"filterPattern", text(properties, "FilterPattern")},
                     {"destinationArn", text(properties, "DestinationArn")}};
  copy(input, properties,
       {{"RoleArn", "roleArn"},
        {"Distribution", "distribution"},
        {"ApplyOnTransformedLogs", "applyOnTransformedLogs"},
        {"FieldSelectionCriteria", "fieldSelectionCriteria"}});
  CHECK_OK(session.call("logs", "PutSubscriptionFilter", std::move(input)));
  return Instance{name, properties, {}};
}

using PutFilter = ApiResult<Instance> (*)(const Session&, const std::string&, const json::Object&);

template <PutFilter put>
ApiResult<Instance> create_filter(const Session& session, const Desired& desired) {
  return put(session, desired.name, desired.properties);
}
template <PutFilter put>
ApiResult<Instance> update_filter(const Session& session, const Instance& current,
                                  const Desired& desired) {
  return put(session, current.id, desired.properties);
}

ApiResult<void> remove_filter(const Session& session, const char* operation, const Instance& it) {
  return session.call_gone_ok(
      "logs", operation,
      {{"logGroupName", text(it.properties, "LogGroupName")}, {"filterName", it.id}});
}

ApiResult<bool> filter_exists(const Session& session, const char* operation, const char* member,
                              const Desired& desired) {
  const auto found = session.call("logs", operation,
                                  {{"logGroupName", text(desired.properties, "LogGroupName")},
                                   {"filterNamePrefix", desired.name}});
  // No group has no filter; creating it says so.
  if (!found && found.error().code == "ResourceNotFoundException") return false;
  if (!found) return std::unexpected(found.error());
  const auto* filters = json::array_at(*found, member);
  return filters != nullptr && std::ranges::any_of(*filters, [&](const json::Value& filter) {
           return text(filter.as_object(), "filterName") == desired.name;
         });
}

}  // namespace

void add_logs_types(std::vector<ResourceType>& types) {
  types.push_back({
      .name = "AWS::Logs::LogGroup",
      .schema =
          "LogGroupName~ string  RetentionInDays int  " DEW_TAGS
          "KmsKeyId unsupported  DataProtectionPolicy unsupported  LogGroupClass unsupported  "
          "FieldIndexPolicies unsupported  ResourcePolicyDocument unsupported",
      .attributes = {"Arn"},
      .naming = Naming{"LogGroupName", 512, false},
      .create = create,
      .update = update,
      .remove =
          [](const Session& session, const Instance& it) {
            return session.call_gone_ok("logs", "DeleteLogGroup", {{"logGroupName", it.id}});
          },
      .exists = exists,
  });
  types.push_back({
      .name = "AWS::Logs::MetricFilter",
      .schema = "FilterName~ string  LogGroupName!~ string  FilterPattern! string  "
                "MetricTransformations! [ { MetricName! string MetricNamespace! string "
                "MetricValue! string DefaultValue number Unit string "
                "Dimensions [ { Key! string Value! string } ] } ]  "
                "ApplyOnTransformedLogs bool  FieldSelectionCriteria string  "
                "EmitSystemFieldDimensions [ string ]",
      .attributes = {},
      .naming = Naming{"FilterName", 512, false},
      .create = create_filter<put_metric_filter>,
      .update = update_filter<put_metric_filter>,
      .remove = [](const Session& session,
                   const Instance& it) { return remove_filter(session, "DeleteMetricFilter", it); },
      .exists =
          [](const Session& session, const Desired& desired) {
            return filter_exists(session, "DescribeMetricFilters", "metricFilters", desired);
          },
  });
  types.push_back({
      .name = "AWS::Logs::SubscriptionFilter",
      .schema = "FilterName~ string  LogGroupName!~ string  FilterPattern! string  "
                "DestinationArn! string  RoleArn string  Distribution string  "
                "ApplyOnTransformedLogs bool  FieldSelectionCriteria string  "
                "EmitSystemFields unsupported",
      .attributes = {},
      .naming = Naming{"FilterName", 512, false},
      .create = create_filter<put_subscription_filter>,
      .update = update_filter<put_subscription_filter>,
      .remove =
          [](const Session& session, const Instance& it) {
            return remove_filter(session, "DeleteSubscriptionFilter", it);
          },
      .exists =
          [](const Session& session, const Desired& desired) {
            return filter_exists(session, "DescribeSubscriptionFilters", "subscriptionFilters",
                                 desired);
          },
  });
}

}  // namespace dew::cloudformation
