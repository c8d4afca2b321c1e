// --emf-port: embedded metrics over TCP, one JSON document a line, as the CloudWatch agent takes
// them.
// docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Generation_CloudWatch_Agent.html
//
// A document that names a LogGroupName in _aws is also kept as a log event, as the agent does.
// Nothing is ever answered. One thread of its own. Limits: kMaxConnections at a time, the others
// wait to be accepted; kMaxLine, a longer one ends its connection; only the loopback address is
// listened on.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace dew::cloud {

class EmfPort {
 public:
  static constexpr size_t kMaxConnections = 64;
  static constexpr size_t kMaxLine = 256 * 1024;

  // Takes each line, on the port's thread.
  using Take = std::function<void(std::string_view line)>;
  // `port` 0: any free one.
  static Result<std::unique_ptr<EmfPort>> listen(uint16_t port, Take take);
  ~EmfPort();
  uint16_t port() const { return port_; }

 private:
  EmfPort(int listener, int stop, uint16_t port, Take take);
  void run();

  const int listener_;
  const int stop_;  // an eventfd
  const uint16_t port_;
  const Take take_;
  std::thread thread_;
};

}  // namespace dew::cloud
