#include "services/cloudformation/resources/provisioned.h"

#include <thread>

#include "services/cloudformation/resources/common.h"

namespace dew::cloudformation {

namespace {

constexpr auto kFirstPause = std::chrono::milliseconds(5);
constexpr auto kLongestPause = std::chrono::milliseconds(200);
constexpr const char* kConfig = "ProvisionedConcurrencyConfig";

json::Object named(const std::string& arn) {
  const auto colon = arn.rfind(':');
  return {{"FunctionName", arn.substr(0, colon)}, {"Qualifier", arn.substr(colon + 1)}};
}

}  // namespace

bool wants_provisioned(const json::Object& properties) { return properties.contains(kConfig); }

ApiResult<void> apply_provisioned(const Session& session, const std::string& arn,
                                  const json::Object& properties) {
  auto input = named(arn);
  if (const auto* config = json::object_at(properties, kConfig)) {
    copy(input, *config, {"ProvisionedConcurrentExecutions"});
    CHECK_OK(session.call("lambda", "PutProvisionedConcurrencyConfig", std::move(input)));
  } else {
    CHECK_OK(session.call("lambda", "DeleteProvisionedConcurrencyConfig", std::move(input)));
  }
  return {};
}

ApiResult<bool> await_provisioned(const Session& session, const std::string& arn,
                                  const Interrupted& interrupted) {
  auto pause = kFirstPause;
  while (true) {
    TRY(const auto state, session.call("lambda", "GetProvisionedConcurrencyConfig", named(arn)));
    const auto status = text(state, "Status");
    if (status == "READY") return true;
    if (status == "FAILED") {
      return invalid(
          fmt::format("Provisioned Concurrency configuration failed to be applied. Reason: {}",
                      text(state, "StatusReason")));
    }
    if (interrupted()) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace dew::cloudformation
