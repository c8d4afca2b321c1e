// Waits for a stack operation and tells what happens meanwhile.
#pragma once

#include <chrono>
#include <set>
#include <string>

#include "cli/cloud_calls.h"
#include "cli/release_progress.h"

namespace dew::cli {

class StackProgress {
 public:
  // Everything that has happened to the stack so far is of the past and never shown.
  // Elsewhere than on this machine it takes minutes: what resources come and go is shown then, too.
  StackProgress(ApiClient& api, std::string stack_name, bool verbose);
  // Tells of the deployments that shift traffic, too.
  void follow_releases() { releases_.emplace(api_, name_); }

  // Until the stack is no longer in progress. An operation that failed is an error that names the
  // resources that failed and why. nullopt: the stack is gone.
  Result<std::optional<Stack>> wait();

 private:
  void show_new_events();

  ApiClient& api_;
  std::string name_;
  bool verbose_;
  std::set<std::string> seen_;
  std::vector<StackEvent> failures_;
  std::optional<ReleaseProgress> releases_;
};

}  // namespace dew::cli
