// Tells of the deployments that a stack's update has started: how much of the traffic is on the new
// version, and what the watched alarms say. One line for every change.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cli/release_calls.h"

namespace dew::cli {

class ReleaseProgress {
 public:
  ReleaseProgress(ApiClient& api, std::string stack) : api_(api), stack_(std::move(stack)) {}

  // Asks, at most once a second (five elsewhere than on this machine), and prints what changed.
  // Nothing is asked in the first second, in which most updates end. Errors are of no importance
  // here: the update itself reports what fails.
  void look();

 private:
  void look_at(const Group& group);
  std::string alarms_text(const Group& group);

  ApiClient& api_;
  std::string stack_;
  std::chrono::steady_clock::time_point next_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::map<std::string, std::vector<std::string>> alarms_;  // of a group
  std::map<std::string, std::string> shown_;                // of a deployment
};

}  // namespace dew::cli
