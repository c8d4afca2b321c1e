// Sampler: which requests are traced.
// docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
//
// The first rule, in order of priority, that matches a request decides: the reservoir's share of
// each second is traced, and fixed_rate of what comes beyond it. Rules are swapped whole; what was
// counted for the old ones stays in the statistics.
//
// Also the central part of the SDKs' sampling: they report what they have seen, and are given a
// share of the reservoir for the next kInterval.
//
// Thread-safe; sample() takes no lock but the shared one on the list of rules.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "json/json.h"

namespace dew::xray {

inline constexpr std::chrono::seconds kSamplingInterval{10};
inline constexpr size_t kMaxSamplingClients = 1000;  // of a rule
inline constexpr size_t kMaxStatisticWindows = 60;

struct SamplingRule {
  std::string name;
  std::string arn;
  std::string resource_arn = "*";
  int64_t priority = 10'000;
  double fixed_rate = 0.05;
  int64_t reservoir_size = 1;
  std::string service_name = "*";
  std::string service_type = "*";
  std::string host = "*";
  std::string http_method = "*";
  std::string url_path = "*";
  int64_t version = 1;
  json::Object attributes;
  double created_at = 0;  // seconds
  double modified_at = 0;
  json::Object tags;  // key: value
};

json::Object to_json(const SamplingRule& rule);  // SamplingRule of the API
SamplingRule default_rule(std::string_view region, std::string_view account);

// What is known of a request when it is decided about.
struct SamplingRequest {
  std::string_view service_name;
  std::string_view service_type;  // AWS::ApiGateway::Stage, AWS::Lambda::Function
  std::string_view host;
  std::string_view http_method;
  std::string_view url_path;
  std::string_view resource_arn;
};

// `pattern` with * and ?; letters of either case are the same, as the SDKs compare.
bool wildcard_matches(std::string_view pattern, std::string_view text);

struct SamplingCounts {
  uint64_t requests = 0;
  uint64_t sampled = 0;
  uint64_t borrowed = 0;
};

class Sampler {
 public:
  explicit Sampler(const Clock& clock) : clock_(clock) {}

  // In order of priority, then of name.
  void set_rules(std::vector<SamplingRule> rules);
  std::vector<SamplingRule> rules() const;

  bool sample(const SamplingRequest& request);

  struct Target {
    double fixed_rate = 0;
    int64_t quota = 0;
    double quota_ends = 0;  // seconds
  };
  // A client's report on a rule; nullopt: there is no such rule.
  std::optional<Target> report(std::string_view rule, std::string_view client,
                               const SamplingCounts& counts);
  double last_modified() const;  // seconds

  struct Window {
    double start = 0;  // seconds
    std::map<std::string, SamplingCounts> rules;
  };
  std::vector<Window> statistics();

 private:
  struct State {
    explicit State(SamplingRule rule_) : rule(std::move(rule_)) {}
    const SamplingRule rule;
    std::atomic<int64_t> second = 0;
    std::atomic<int64_t> taken = 0;  // of the reservoir, in `second`
    std::atomic<uint64_t> requests = 0;
    std::atomic<uint64_t> sampled = 0;
    std::mutex mutex;
    std::map<std::string, int64_t, std::less<>> clients;  // when each was last heard of, ms
  };
  using States = std::vector<std::shared_ptr<State>>;

  std::shared_ptr<const States> states() const;
  void count(std::string_view rule, const SamplingCounts& counts);
  void collect();

  const Clock& clock_;
  Guarded<std::shared_ptr<const States>> states_;
  std::mutex windows_mutex_;
  std::map<int64_t, Window> windows_;  // by start in seconds
};

}  // namespace dew::xray
