// CloudWatch: metrics and alarms. docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
//
// Not here, and refused by name: Metrics Insights queries, SEARCH, anomaly detection, dashboards,
// metric streams, Contributor Insights, other accounts' metrics.
//
// Thread-safe. The context outlives the service; stop() before the store goes.
#pragma once

#include <memory>

#include "aws/registry.h"
#include "services/cloudwatch/alarms.h"
#include "services/cloudwatch/emf_intake.h"
#include "services/cloudwatch/metric_store.h"
#include "services/cloudwatch/recorder.h"
#include "services/context.h"

namespace dew::cloudwatch {

class Service {
 public:
  explicit Service(const services::Context& context);
  ~Service();
  Service(const Service&) = delete;

  void register_operations(aws::Registry& registry);

  // For the services' own metrics and those in logs: the value of a metric, now.
  MetricStore& metrics() { return store_; }
  Recorder& recorder() { return recorder_; }
  // /_dew/metrics
  std::string prometheus();
  EmfIntake& embedded() { return embedded_; }
  // Outlives stop().
  void set_alarm_actions(AlarmActions* actions) { alarms_.set_actions(actions); }

  void stop();

 private:
  using Answer = aws::ApiResult<json::Value>;

  Answer put_metric_data(aws::Call& call);
  Answer list_metrics(aws::Call& call);
  Answer get_metric_statistics(aws::Call& call);
  Answer get_metric_data(aws::Call& call);

  Answer put_metric_alarm(aws::Call& call);
  Answer put_composite_alarm(aws::Call& call);
  Answer delete_alarms(aws::Call& call);
  Answer enable_alarm_actions(aws::Call& call);
  Answer disable_alarm_actions(aws::Call& call);
  Answer set_alarm_state(aws::Call& call);
  Answer describe_alarms(aws::Call& call);
  Answer describe_alarms_for_metric(aws::Call& call);
  Answer describe_alarm_history(aws::Call& call);
  Answer tag_resource(aws::Call& call);
  Answer untag_resource(aws::Call& call);
  Answer list_tags_for_resource(aws::Call& call);

  void roll_up();

  const services::Context& context_;
  MetricStore store_;
  Recorder recorder_;
  EmfIntake embedded_;
  Alarms alarms_;
  DueTimer roller_;
};

}  // namespace dew::cloudwatch
