// UsageMeter: who an API key is, which usage plan it has at a stage, and whether that plan lets one
// more request through: throttles in memory, quotas counted in the store.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
//
// Keys and plans are a table that is built from the store whenever one of them changes. Counts are
// kept by key, plan and day: they survive an abrupt end of the process, being written as requests
// pass, but no request waits for the disk. Thread-safe.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "services/apigateway/refusal.h"
#include "services/apigateway/repository.h"
#include "services/apigateway/token_bucket.h"
#include "services/apigateway/usage_period.h"

namespace dew::apigateway {

struct Quota {
  int64_t limit = 0;
  int offset = 0;
  Period period = Period::kDay;
};

class UsageMeter {
 public:
  // A request with a key, at a method of a stage.
  struct Question {
    std::string_view key;         // its value
    std::string_view api_stage;   // API:STAGE
    std::string_view method_key;  // /path/VERB
  };
  struct Passed {
    std::string key_id;
  };
  // Of one day: requests counted, and how many the quota had left at its end.
  struct Day {
    std::chrono::sys_days day;
    int64_t used = 0;
    int64_t remaining = 0;
  };

  UsageMeter(const Clock& clock, Repository repository) : clock_(clock), repository_(repository) {}

  // Builds the table of keys and plans anew.
  aws::ApiResult<void> load();

  // Counts the request if it passes.
  std::expected<Passed, Refusal> pass(const Question& question);

  // Days without a request are 0 used.
  aws::ApiResult<std::vector<Day>> usage(const json::Object& plan, std::string_view key_id,
                                         std::chrono::sys_days from,
                                         std::chrono::sys_days to) const;
  // Sets what the current period has left.
  aws::ApiResult<void> set_remaining(const json::Object& plan, std::string_view key_id,
                                     int64_t remaining);

 private:
  struct Plan {
    std::string id;
    std::optional<Limits> limits;
    std::optional<Quota> quota;
    std::map<std::string, std::map<std::string, Limits, std::less<>>, std::less<>>
        methods;  // by API:STAGE, by /path/VERB
  };
  struct Key {
    std::string id;
    bool enabled = true;
    std::vector<std::shared_ptr<const Plan>> plans;  // in order of id
  };
  using Table = std::map<std::string, Key, std::less<>>;  // by value
  struct Count {
    std::chrono::sys_days period;
    int64_t used = 0;   // in the period
    int64_t extra = 0;  // granted for it beside the limit
    std::chrono::sys_days day;
    int64_t used_today = 0;
  };

  static Plan plan_of(const json::Object& document);
  bool within_limits(const Plan& plan, const Key& key, const Question& question);
  // False: the quota is used up.
  aws::ApiResult<bool> count(const Plan& plan, std::string_view key_id);
  aws::ApiResult<Count> read_count(std::string_view plan_id, const std::optional<Quota>& quota,
                                   std::string_view key_id, std::chrono::sys_days today) const;
  std::chrono::sys_days today() const;

  const Clock& clock_;
  Repository repository_;
  Guarded<std::shared_ptr<const Table>> table_{std::make_shared<const Table>()};
  Guarded<std::map<std::string, std::shared_ptr<TokenBucket>, std::less<>>> buckets_;
  std::mutex counting_;  // of counts_ and of what is stored of them: two requests are two there
  std::map<std::string, Count, std::less<>> counts_;  // PLAN/KEY
};

std::optional<Limits> limits_of(const json::Object* throttle);
std::optional<Quota> quota_of(const json::Object& plan);

}  // namespace dew::apigateway
