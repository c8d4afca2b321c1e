#include "services/cloudwatch/service.h"

#include <array>

#include "base/log.h"
#include "services/cloudwatch/prometheus.h"

namespace dew::cloudwatch {

namespace {

constexpr std::chrono::hours kRollUpInterval{1};

}  // namespace

Service::Service(const services::Context& context)
    : context_(context),
      store_(context.store, context.clock),
      recorder_(store_, context.clock),
      embedded_(store_, recorder_, context.clock),
      alarms_(context_, store_, recorder_) {
  if (auto loaded = store_.load(); !loaded)
    log::error("cloudwatch: the stored metrics cannot be read: {}", loaded.error().message);
  if (auto loaded = alarms_.load(); !loaded)
    log::error("cloudwatch: the stored alarms cannot be read: {}", loaded.error().message);
  roller_ = context.clock.after(kRollUpInterval, [this](const ClockHold&) { roll_up(); });
}

Service::~Service() { stop(); }

void Service::stop() {
  roller_.cancel();
  alarms_.stop();
  recorder_.stop();
}

std::string Service::prometheus() {
  recorder_.settle();
  return prometheus_text(store_);
}

void Service::roll_up() {
  roller_ = context_.clock.after(kRollUpInterval, [this](const ClockHold&) { roll_up(); });
  recorder_.settle();
  if (auto done = store_.roll_up(); !done)
    log::error("cloudwatch: old metrics could not be rolled up: {}", done.error().message);
  if (auto done = alarms_.forget_history(); !done)
    log::error("cloudwatch: old history could not be removed: {}", done.error().message);
}

void Service::register_operations(aws::Registry& registry) {
  using Method = Answer (Service::*)(aws::Call&);
  static constexpr auto kOperations = std::to_array<std::pair<const char*, Method>>({
      {"PutMetricData", &Service::put_metric_data},
      {"ListMetrics", &Service::list_metrics},
      {"GetMetricStatistics", &Service::get_metric_statistics},
      {"GetMetricData", &Service::get_metric_data},
      {"PutMetricAlarm", &Service::put_metric_alarm},
      {"PutCompositeAlarm", &Service::put_composite_alarm},
      {"DeleteAlarms", &Service::delete_alarms},
      {"EnableAlarmActions", &Service::enable_alarm_actions},
      {"DisableAlarmActions", &Service::disable_alarm_actions},
      {"SetAlarmState", &Service::set_alarm_state},
      {"DescribeAlarms", &Service::describe_alarms},
      {"DescribeAlarmsForMetric", &Service::describe_alarms_for_metric},
      {"DescribeAlarmHistory", &Service::describe_alarm_history},
      {"TagResource", &Service::tag_resource},
      {"UntagResource", &Service::untag_resource},
      {"ListTagsForResource", &Service::list_tags_for_resource},
  });
  for (const auto& [name, method] : kOperations) {
    registry.add("cloudwatch", name, aws::Run::kWorker,
                 [this, method](aws::Call& call) { return (this->*method)(call); });
  }
}

}  // namespace dew::cloudwatch
