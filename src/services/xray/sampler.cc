#include "services/xray/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace dew::xray {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool fits(const SamplingRule& rule, const SamplingRequest& request) {
  // A rule with attributes is about requests with these, which no request of ours has.
  return rule.attributes.empty() && wildcard_matches(rule.service_name, request.service_name) &&
         wildcard_matches(rule.service_type, request.service_type) &&
         wildcard_matches(rule.host, request.host) &&
         wildcard_matches(rule.http_method, request.http_method) &&
         wildcard_matches(rule.url_path, request.url_path) &&
         wildcard_matches(rule.resource_arn, request.resource_arn);
}

bool chance(double rate) {
  if (rate <= 0) return false;
  if (rate >= 1) return true;
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(random) < rate;
}

}  // namespace

bool wildcard_matches(std::string_view pattern, std::string_view text) {
  if (pattern == "*") return true;
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

json::Object to_json(const SamplingRule& rule) {
  return {{"RuleName", rule.name},
          {"RuleARN", rule.arn},
          {"ResourceARN", rule.resource_arn},
          {"Priority", rule.priority},
          {"FixedRate", rule.fixed_rate},
          {"ReservoirSize", rule.reservoir_size},
          {"ServiceName", rule.service_name},
          {"ServiceType", rule.service_type},
          {"Host", rule.host},
          {"HTTPMethod", rule.http_method},
          {"URLPath", rule.url_path},
          {"Version", rule.version},
          {"Attributes", rule.attributes}};
}

SamplingRule default_rule(std::string_view region, std::string_view account) {
  SamplingRule rule;
  rule.name = "Default";
  rule.arn = fmt::format("arn:aws:xray:{}:{}:sampling-rule/Default", region, account);
  return rule;
}

std::shared_ptr<const Sampler::States> Sampler::states() const {
  return states_.read([](const auto& states) { return states; });
}

void Sampler::set_rules(std::vector<SamplingRule> rules) {
  collect();
  std::ranges::sort(rules, [](const SamplingRule& a, const SamplingRule& b) {
    return std::tie(a.priority, a.name) < std::tie(b.priority, b.name);
  });
  auto fresh = std::make_shared<States>();
  for (auto& rule : rules) fresh->push_back(std::make_shared<State>(std::move(rule)));
  states_.with([&](auto& states) { states = std::move(fresh); });
}

std::vector<SamplingRule> Sampler::rules() const {
  std::vector<SamplingRule> out;
  if (const auto all = states()) {
    for (const auto& state : *all) out.push_back(state->rule);
  }
  return out;
}

bool Sampler::sample(const SamplingRequest& request) {
  const auto all = states();
  if (!all) return false;
  for (const auto& state : *all) {
    if (!fits(state->rule, request)) continue;
    state->requests.fetch_add(1, std::memory_order_relaxed);
    const int64_t second = clock_.now_ms() / 1000;
    int64_t seen = state->second.load(std::memory_order_relaxed);
    if (seen != second &&
        state->second.compare_exchange_strong(seen, second, std::memory_order_relaxed)) {
      state->taken.store(0, std::memory_order_relaxed);
    }
    const bool yes =
        state->taken.fetch_add(1, std::memory_order_relaxed) < state->rule.reservoir_size ||
        chance(state->rule.fixed_rate);
    if (yes) state->sampled.fetch_add(1, std::memory_order_relaxed);
    return yes;
  }
  return false;
}

std::optional<Sampler::Target> Sampler::report(std::string_view rule, std::string_view client,
                                               const SamplingCounts& counts) {
  const auto all = states();
  if (!all) return std::nullopt;
  for (const auto& state : *all) {
    if (state->rule.name != rule) continue;
    count(rule, counts);
    const int64_t now = clock_.now_ms();
    constexpr auto kForgottenMs =
        2 * std::chrono::duration_cast<std::chrono::milliseconds>(kSamplingInterval).count();
    int64_t clients = 1;
    int64_t place = 0;
    {
      const std::scoped_lock lock(state->mutex);
      std::erase_if(state->clients,
                    [&](const auto& one) { return now - one.second > kForgottenMs; });
      if (state->clients.size() < kMaxSamplingClients || state->clients.contains(client))
        state->clients.insert_or_assign(std::string(client), now);
      clients = std::max<int64_t>(1, static_cast<int64_t>(state->clients.size()));
      place = std::distance(state->clients.begin(), state->clients.lower_bound(client));
    }
    Target target;
    target.fixed_rate = state->rule.fixed_rate;
    // The remainder goes to the first ones.
    target.quota = (state->rule.reservoir_size / clients) +
                   (place < state->rule.reservoir_size % clients ? 1 : 0);
    target.quota_ends =
        static_cast<double>(now) / 1000 + static_cast<double>(kSamplingInterval.count());
    return target;
  }
  return std::nullopt;
}

double Sampler::last_modified() const {
  double out = 0;
  if (const auto all = states()) {
    for (const auto& state : *all) out = std::max(out, state->rule.modified_at);
  }
  return out;
}

void Sampler::count(std::string_view rule, const SamplingCounts& counts) {
  const int64_t now = clock_.now_ms() / 1000;
  const int64_t start = now - (now % kSamplingInterval.count());
  const std::scoped_lock lock(windows_mutex_);
  auto& window = windows_[start];
  window.start = static_cast<double>(start);
  auto& slot = window.rules[std::string(rule)];
  slot.requests += counts.requests;
  slot.sampled += counts.sampled;
  slot.borrowed += counts.borrowed;
  while (windows_.size() > kMaxStatisticWindows) windows_.erase(windows_.begin());
}

// Our own decisions, as one more client's report.
void Sampler::collect() {
  const auto all = states();
  if (!all) return;
  for (const auto& state : *all) {
    const SamplingCounts counts{.requests = state->requests.exchange(0, std::memory_order_relaxed),
                                .sampled = state->sampled.exchange(0, std::memory_order_relaxed)};
    if (counts.requests > 0) count(state->rule.name, counts);
  }
}

std::vector<Sampler::Window> Sampler::statistics() {
  collect();
  std::vector<Window> out;
  const std::scoped_lock lock(windows_mutex_);
  for (const auto& [start, window] : windows_) out.push_back(window);
  return out;
}

}  // namespace dew::xray
