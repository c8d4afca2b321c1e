// AWS::CloudWatch::Alarm, AWS::CloudWatch::CompositeAlarm
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html
//
// Putting an alarm overwrites it whole, so an update is the same call. Tags are only taken by the
// first one, and changed by calls of their own.
#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

std::string arn_of(const Session& session, const std::string& name) {
  return fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", session.region, session.account, name);
}

Instance instance(const Session& session, const std::string& name, const json::Object& properties) {
  return {name, properties, {{"Arn", arn_of(session, name)}}};
}

template <const char* operation>
ApiResult<Instance> create(const Session& session, const Desired& desired) {
  json::Object input = desired.properties;
  input["AlarmName"] = desired.name;
  CHECK_OK(session.call("cloudwatch", operation, std::move(input)));
  return instance(session, desired.name, desired.properties);
}

template <const char* operation>
ApiResult<Instance> update(const Session& session, const Instance& current,
                           const Desired& desired) {
  json::Object input = desired.properties;
  input["AlarmName"] = current.id;
  input.erase("Tags");
  CHECK_OK(session.call("cloudwatch", operation, std::move(input)));
  if (differs(current.properties, desired.properties, "Tags")) {
    const json::Object resource{{"ResourceARN", arn_of(session, current.id)}};
    if (auto gone = keys_gone(tag_map(current.properties), tag_map(desired.properties));
        !gone.empty()) {
      json::Object untag = resource;
      untag["TagKeys"] = std::move(gone);
      CHECK_OK(session.call("cloudwatch", "UntagResource", std::move(untag)));
    }
    if (const auto* tags = json::array_at(desired.properties, "Tags"); tags && !tags->empty()) {
      json::Object tag = resource;
      tag["Tags"] = *tags;
      CHECK_OK(session.call("cloudwatch", "TagResource", std::move(tag)));
    }
  }
  return instance(session, current.id, desired.properties);
}

ApiResult<void> remove(const Session& session, const Instance& it) {
  return session.call_gone_ok("cloudwatch", "DeleteAlarms", {{"AlarmNames", json::Array{it.id}}});
}

ApiResult<bool> exists(const Session& session, const Desired& desired) {
  TRY(const auto found,
      session.call("cloudwatch", "DescribeAlarms",
                   {{"AlarmNames", json::Array{desired.name}},
                    {"AlarmTypes", json::Array{"MetricAlarm", "CompositeAlarm"}}}));
  const auto* metric = json::array_at(found, "MetricAlarms");
  const auto* composite = json::array_at(found, "CompositeAlarms");
  return (metric != nullptr && !metric->empty()) || (composite != nullptr && !composite->empty());
}

constexpr char kPutMetric[] = "PutMetricAlarm";
constexpr char kPutComposite[] = "PutCompositeAlarm";
constexpr size_t kMaxName = 255;

}  // namespace

void add_cloudwatch_types(std::vector<ResourceType>& types) {
#define DEW_DIMENSIONS "Dimensions [ { Name! string Value! string } ] "
#define DEW_ACTIONS                                                      \
  "ActionsEnabled bool  AlarmActions [ string ]  OKActions [ string ]  " \
  "InsufficientDataActions [ string ]  AlarmDescription string  "
  types.push_back({
      .name = "AWS::CloudWatch::Alarm",
      .schema =
          "AlarmName~ string  ComparisonOperator! string  EvaluationPeriods! int  "
          "DatapointsToAlarm int  MetricName string  Namespace string  Statistic string  "
          "ExtendedStatistic string  Period int  Threshold number  Unit string  "
          "TreatMissingData string  EvaluateLowSampleCountPercentile string  "
          "ThresholdMetricId unsupported  Metrics [ { Id! string Label string Expression string "
          "ReturnData bool Period int AccountId string MetricStat { Metric! { Namespace "
          "string MetricName string " DEW_DIMENSIONS
          "} Period! int Stat! string Unit string } } ]  " DEW_DIMENSIONS DEW_ACTIONS DEW_TAGS,
      .attributes = {"Arn"},
      .naming = Naming{"AlarmName", kMaxName, false},
      .create = create<kPutMetric>,
      .update = update<kPutMetric>,
      .remove = remove,
      .exists = exists,
  });
  types.push_back({
      .name = "AWS::CloudWatch::CompositeAlarm",
      .schema = "AlarmName~ string  AlarmRule! string  ActionsSuppressor unsupported  "
                "ActionsSuppressorWaitPeriod unsupported  "
                "ActionsSuppressorExtensionPeriod unsupported  " DEW_ACTIONS DEW_TAGS,
      .attributes = {"Arn"},
      .naming = Naming{"AlarmName", kMaxName, false},
      .create = create<kPutComposite>,
      .update = update<kPutComposite>,
      .remove = remove,
      .exists = exists,
  });
#undef DEW_DIMENSIONS
#undef DEW_ACTIONS
}

}  // namespace dew::cloudformation
