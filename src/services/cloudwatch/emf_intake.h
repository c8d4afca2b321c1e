// EmfIntake: log lines that may hold embedded metrics, on their way to the store. add() looks at
// the line and keeps a copy of the few that may; they are parsed on the recorder's thread, every
// second. What was refused is counted in AWS/Logs, EMFValidationErrors, as AWS does.
//
// A function stamps its metrics with the machine's time: when the cloud's clock was moved, they are
// moved with it. Thread-safe. Limits: kMaxBytes waiting; more is dropped, and the log says so.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "services/cloudwatch/emf.h"
#include "services/cloudwatch/recorder.h"

namespace dew::cloudwatch {

class EmfIntake {
 public:
  static constexpr size_t kMaxBytes = 16 * 1024 * 1024;

  EmfIntake(MetricStore& store, Recorder& recorder, const WaitableClock& clock);

  void add(std::string_view log_group, std::string_view line);

 private:
  struct Line {
    std::string group;
    std::string text;
  };
  void take();
  void record(const Line& line);

  MetricStore& store_;
  Recorder& recorder_;
  const WaitableClock& clock_;
  std::mutex mutex_;
  std::vector<Line> lines_;
  size_t bytes_ = 0;
  size_t dropped_ = 0;
};

}  // namespace dew::cloudwatch
