// CloudWatch Logs: groups, streams, events.
// docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
//
// Thread-safe. The context outlives the service; stop() before the store goes.
#pragma once

#include "aws/registry.h"
#include "services/context.h"
#include "services/logs/filters.h"
#include "services/logs/ingest.h"
#include "services/logs/records.h"

namespace dew::logs {

class Service {
 public:
  explicit Service(const services::Context& context);
  void register_operations(aws::Registry& registry);
  Ingest& ingest() { return ingest_; }
  // Where metric filters' values and subscribed events go; before the first event.
  Filters& filters() { return filters_; }
  // Functions can be invoked: what was not delivered before the cloud ended is delivered now.
  void resume();
  void stop();  // writes what is buffered

 private:
  using Answer = aws::ApiResult<json::Value>;

  Answer create_log_group(aws::Call& call);
  Answer delete_log_group(aws::Call& call);
  Answer describe_log_groups(aws::Call& call);
  Answer put_retention_policy(aws::Call& call);
  Answer delete_retention_policy(aws::Call& call);
  Answer tag_log_group(aws::Call& call);
  Answer untag_log_group(aws::Call& call);
  Answer list_tags_log_group(aws::Call& call);
  Answer tag_resource(aws::Call& call);
  Answer untag_resource(aws::Call& call);
  Answer list_tags_for_resource(aws::Call& call);

  Answer create_log_stream(aws::Call& call);
  Answer delete_log_stream(aws::Call& call);
  Answer describe_log_streams(aws::Call& call);

  Answer put_log_events(aws::Call& call);
  Answer get_log_events(aws::Call& call);
  Answer filter_log_events(aws::Call& call);

  Answer put_metric_filter(aws::Call& call);
  Answer describe_metric_filters(aws::Call& call);
  Answer delete_metric_filter(aws::Call& call);
  Answer test_metric_filter(aws::Call& call);
  Answer put_subscription_filter(aws::Call& call);
  Answer describe_subscription_filters(aws::Call& call);
  Answer delete_subscription_filter(aws::Call& call);

  // Stores a filter that was checked; with `write` held. LimitExceededException.
  Answer put_filter(FilterKind kind, json::Object filter, size_t regexes);
  Answer delete_filter(FilterKind kind, aws::Call& call);
  // Compiles what the store has of a group's filters, or of all groups'.
  aws::ApiResult<void> load_filters();
  aws::ApiResult<void> load_filters(const std::string& group);

  // Removes what has outlived its group's retention, now and every hour.
  void sweep();

  std::string group_arn(std::string_view group) const;
  SystemFields system_fields() const {
    return {.account = context_.config.account, .region = context_.config.region};
  }
  // The group that the input names, by logGroupName, logGroupIdentifier or an ARN in `member`.
  aws::ApiResult<json::Object> find_group(const aws::Call& call,
                                          std::string_view member = "logGroupName") const;
  Answer change_tags(const json::Object& group, const json::Object* added,
                     const json::Array* removed);
  aws::ApiResult<std::vector<std::string>> streams_to_filter(const aws::Call& call,
                                                             const std::string& group,
                                                             int64_t start_ms);

  const services::Context& context_;
  Records records_;
  Filters filters_;
  Ingest ingest_;
  DueTimer sweeper_;
};

}  // namespace dew::logs
