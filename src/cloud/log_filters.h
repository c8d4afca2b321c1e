// Log groups' filters: what metric filters find goes to CloudWatch, what is subscribed to Lambda,
// whose functions' policies must let CloudWatch Logs in. Thread-safe.
// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
#pragma once

#include "services/cloudwatch/service.h"
#include "services/lambda/service.h"
#include "services/logs/filtered_metrics.h"
#include "services/logs/subscriber.h"

namespace dew::cloud {

// Logs -> CloudWatch.
class LogFilterMetrics final : public logs::FilteredMetrics {
 public:
  LogFilterMetrics(cloudwatch::Service& cloudwatch, const Clock& clock)
      : cloudwatch_(cloudwatch), clock_(clock) {}
  void record(const logs::MetricValue& value) override;

 private:
  cloudwatch::Service& cloudwatch_;
  const Clock& clock_;
};

// Logs -> Lambda.
class LogSubscriber final : public logs::Subscriber {
 public:
  explicit LogSubscriber(std::string region)
      : principals_{"logs.amazonaws.com", "logs." + region + ".amazonaws.com"} {}
  // The lambda service writes logs, and is known only once made.
  void set(lambda::Service* lambda) { lambda_ = lambda; }
  Result<void> may_deliver(const std::string& function_arn, const std::string& group_arn) override;
  Result<void> deliver(const std::string& function_arn, const std::string& group_arn,
                       std::string event) override;

 private:
  // As one of the names under which policies know CloudWatch Logs.
  Result<lambda::InvokeRequest> request(const std::string& function_arn,
                                        const std::string& group_arn) const;

  const std::string principals_[2];
  lambda::Service* lambda_ = nullptr;
};

}  // namespace dew::cloud
