#include "services/logs/service.h"

#include <array>

#include "base/log.h"

namespace dew::logs {

namespace {

constexpr std::chrono::hours kSweepInterval{1};

}  // namespace

Service::Service(const services::Context& context)
    : context_(context),
      records_(context.store, context.clock),
      filters_(context, records_),
      ingest_(records_, filters_, context.clock) {
  if (auto loaded = load_filters(); !loaded)
    log::error("the filters of log groups could not be read: {}", loaded.error().message);
  filters_.deliveries().load();
  sweeper_ = context.clock.after(kSweepInterval, [this](const ClockHold&) { sweep(); });
}

void Service::resume() { filters_.deliveries().begin(); }

void Service::sweep() {
  sweeper_ = context_.clock.after(kSweepInterval, [this](const ClockHold&) { sweep(); });
  const std::scoped_lock writing(records_.write);
  if (auto swept = records_.sweep(); !swept)
    log::error("expired log events could not be removed: {}", swept.error().message);
}

void Service::stop() {
  sweeper_.cancel();
  ingest_.stop();
  filters_.stop();
}

void Service::register_operations(aws::Registry& registry) {
  using Method = Answer (Service::*)(aws::Call&);
  static constexpr auto kOperations = std::to_array<std::pair<const char*, Method>>({
      {"CreateLogGroup", &Service::create_log_group},
      {"DeleteLogGroup", &Service::delete_log_group},
      {"DescribeLogGroups", &Service::describe_log_groups},
      {"PutRetentionPolicy", &Service::put_retention_policy},
      {"DeleteRetentionPolicy", &Service::delete_retention_policy},
      {"TagLogGroup", &Service::tag_log_group},
      {"UntagLogGroup", &Service::untag_log_group},
      {"ListTagsLogGroup", &Service::list_tags_log_group},
      {"TagResource", &Service::tag_resource},
      {"UntagResource", &Service::untag_resource},
      {"ListTagsForResource", &Service::list_tags_for_resource},
      {"CreateLogStream", &Service::create_log_stream},
      {"DeleteLogStream", &Service::delete_log_stream},
      {"DescribeLogStreams", &Service::describe_log_streams},
      {"PutLogEvents", &Service::put_log_events},
      {"GetLogEvents", &Service::get_log_events},
      {"FilterLogEvents", &Service::filter_log_events},
      {"PutMetricFilter", &Service::put_metric_filter},
      {"DescribeMetricFilters", &Service::describe_metric_filters},
      {"DeleteMetricFilter", &Service::delete_metric_filter},
      {"TestMetricFilter", &Service::test_metric_filter},
      {"PutSubscriptionFilter", &Service::put_subscription_filter},
      {"DescribeSubscriptionFilters", &Service::describe_subscription_filters},
      {"DeleteSubscriptionFilter", &Service::delete_subscription_filter},
  });
  for (const auto& [name, method] : kOperations) {
    registry.add("logs", name, aws::Run::kWorker,
                 [this, method](aws::Call& call) { return (this->*method)(call); });
  }
}

}  // namespace dew::logs
