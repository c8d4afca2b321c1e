// What alarms need of others: somebody who invokes a function, or tells whoever is told. The cloud
// wires it to the Lambda service and to --alarm-webhook.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "json/json.h"

namespace dew::cloudwatch {

struct AlarmAction {
  std::string action;     // its ARN
  std::string alarm_arn;  // on whose behalf
  json::Object event;     // what a function is invoked with
};

class AlarmActions {
 public:
  virtual ~AlarmActions() = default;
  // Returns at once; calls `done` once, from any thread, when it is carried out or has failed. The
  // error is a sentence for the alarm's history. A moved clock waits for `hold`.
  virtual void run(AlarmAction action, ClockHold hold,
                   std::move_only_function<void(Result<void>)> done) = 0;
};

}  // namespace dew::cloudwatch
