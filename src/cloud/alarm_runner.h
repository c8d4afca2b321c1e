// What alarms do: a function's ARN is invoked through its resource policy, as the service
// lambda.alarms.cloudwatch.amazonaws.com; anything else is POSTed to --alarm-webhook, or fails with
// a sentence for the alarm's history. Thread-safe.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "net/loop.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/lambda/service.h"

namespace dew::cloud {

class AlarmRunner final : public cloudwatch::AlarmActions {
 public:
  // `webhook` may be empty.
  AlarmRunner(net::Workers& workers, std::string webhook)
      : workers_(workers), webhook_(std::move(webhook)) {}
  ~AlarmRunner() override { wait(); }
  void wait();  // for what is under way
  void set(lambda::Service* lambda) { lambda_ = lambda; }

  void run(cloudwatch::AlarmAction action, ClockHold hold,
           std::move_only_function<void(Result<void>)> done) override;

 private:
  Result<void> invoke(const cloudwatch::AlarmAction& action);
  Result<void> post(const cloudwatch::AlarmAction& action);

  net::Workers& workers_;
  const std::string webhook_;
  lambda::Service* lambda_ = nullptr;
  std::mutex mutex_;
  std::condition_variable idle_;
  int running_ = 0;
};

}  // namespace dew::cloud
