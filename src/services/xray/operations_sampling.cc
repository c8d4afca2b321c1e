// Sampling rules, and the shares that the SDKs get of them.
// docs.aws.amazon.com/xray/latest/api/API_CreateSamplingRule.html, API_GetSamplingTargets.html
#include "services/xray/core.h"

namespace dew::xray {

namespace {

// docs.aws.amazon.com/general/latest/gr/xray.html: "Custom sampling rules per region"
constexpr size_t kMaxRules = 25;
constexpr std::string_view kDefault = "Default";

store::Key rules_key() { return store::Key("xray").add("rule"); }
store::Key rule_key(std::string_view name) { return rules_key().add(name); }

// Members that a request gives replace those of the rule.
void apply(SamplingRule& rule, const json::Object& input) {
  const auto text = [&](std::string& to, std::string_view name) {
    if (const auto value = json::string_at(input, name)) to = *value;
  };
  text(rule.resource_arn, "ResourceARN");
  text(rule.service_name, "ServiceName");
  text(rule.service_type, "ServiceType");
  text(rule.host, "Host");
  text(rule.http_method, "HTTPMethod");
  text(rule.url_path, "URLPath");
  rule.priority = json::int_at(input, "Priority").value_or(rule.priority);
  rule.fixed_rate = json::number_at(input, "FixedRate").value_or(rule.fixed_rate);
  rule.reservoir_size = json::int_at(input, "ReservoirSize").value_or(rule.reservoir_size);
  rule.version = json::int_at(input, "Version").value_or(rule.version);
  if (const auto* attributes = json::object_at(input, "Attributes")) rule.attributes = *attributes;
}

SamplingRule from_record(const json::Object& record) {
  SamplingRule rule;
  rule.name = json::string_or(record, "RuleName");
  rule.arn = json::string_or(record, "RuleARN");
  apply(rule, record);
  rule.created_at = json::number_at(record, "CreatedAt").value_or(0);
  rule.modified_at = json::number_at(record, "ModifiedAt").value_or(0);
  if (const auto* tags = json::object_at(record, "Tags")) rule.tags = *tags;
  return rule;
}

json::Object to_record(const SamplingRule& rule) {
  json::Object out = to_json(rule);
  out["CreatedAt"] = rule.created_at;
  out["ModifiedAt"] = rule.modified_at;
  out["Tags"] = rule.tags;
  return out;
}

json::Object render(const SamplingRule& rule) {
  return {{"SamplingRule", to_json(rule)},
          {"CreatedAt", rule.created_at},
          {"ModifiedAt", rule.modified_at}};
}

// What the model leaves open: numbers of an update, and the values of the rest.
aws::ApiResult<void> check(const SamplingRule& rule) {
  constexpr int64_t kMaxPriority = 9999;
  const bool is_default = rule.name == kDefault;
  if (!is_default && (rule.priority < 1 || rule.priority > kMaxPriority))
    return invalid("Priority must be between 1 and 9999.");
  if (rule.fixed_rate < 0 || rule.fixed_rate > 1)
    return invalid("FixedRate must be between 0 and 1.");
  if (rule.reservoir_size < 0) return invalid("ReservoirSize must not be negative.");
  if (rule.version != 1) return invalid("Version must be 1.");
  return {};
}

aws::ApiResult<SamplingRule> named_rule(Core& core, const json::Object& input) {
  const auto name = json::string_or(input, "RuleName");
  const auto arn = json::string_or(input, "RuleARN");
  if (name.empty() == arn.empty())
    return invalid("Exactly one of RuleName and RuleARN must be given.");
  for (auto& rule : core.sampler.rules()) {
    if (name.empty() ? rule.arn == arn : rule.name == name) return rule;
  }
  return invalid("The sampling rule does not exist.");
}

Answer create_rule(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  const auto& input = *json::object_at(call.input, "SamplingRule");
  const auto name = json::string_or(input, "RuleName");
  if (name.empty()) return invalid("RuleName must be given.");
  if (input.contains("RuleARN")) return invalid("RuleARN must not be given for a new rule.");
  const auto all = core.sampler.rules();
  for (const auto& rule : all) {
    if (rule.name == name) return invalid("A sampling rule with this name exists already.");
  }
  if (all.size() > kMaxRules) {
    return aws::fail("RuleLimitExceededException",
                     fmt::format("No more than {} sampling rules are allowed.", kMaxRules));
  }
  SamplingRule rule;
  rule.name = name;
  rule.arn = core.arn("sampling-rule/" + name);
  apply(rule, input);
  CHECK_OK(check(rule));
  TRY(rule.tags, tags_of(call.input));
  rule.created_at = rule.modified_at = core.context.clock.now_seconds();
  CHECK_OK(save_rule(core, rule));
  return json::Object{{"SamplingRuleRecord", render(rule)}};
}

Answer update_rule(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  const auto& input = *json::object_at(call.input, "SamplingRuleUpdate");
  TRY(auto rule, named_rule(core, input));
  if (rule.name == kDefault) {
    // Its conditions are fixed.
    // docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
    for (const auto& entry : input) {
      const std::string_view member = entry.key();
      if (member != "RuleName" && member != "RuleARN" && member != "FixedRate" &&
          member != "ReservoirSize") {
        return invalid(fmt::format("{} of the default rule cannot be changed.", member));
      }
    }
  }
  apply(rule, input);
  CHECK_OK(check(rule));
  rule.modified_at = core.context.clock.now_seconds();
  CHECK_OK(save_rule(core, rule));
  return json::Object{{"SamplingRuleRecord", render(rule)}};
}

Answer delete_rule(Core& core, aws::Call& call) {
  const std::scoped_lock lock(core.write);
  TRY(const auto rule, named_rule(core, call.input));
  if (rule.name == kDefault) return invalid("The default rule cannot be deleted.");
  store::Batch batch;
  batch.erase(rule_key(rule.name));
  TRY([[maybe_unused]] const auto sequence, core.context.store.commit(batch));
  CHECK_OK(load_rules(core));
  return json::Object{{"SamplingRuleRecord", render(rule)}};
}

Answer get_rules(Core& core, aws::Call&) {
  json::Array records;
  for (const auto& rule : core.sampler.rules()) records.push_back(render(rule));
  return json::Object{{"SamplingRuleRecords", std::move(records)}};
}

Answer get_targets(Core& core, aws::Call& call) {
  json::Array targets;
  json::Array unprocessed;
  for (const auto& element : *json::array_at(call.input, "SamplingStatisticsDocuments")) {
    const auto& document = element.as_object();
    const auto name = json::string_or(document, "RuleName");
    const auto number = [&](std::string_view member) {
      return static_cast<uint64_t>(
          std::max<int64_t>(0, json::int_at(document, member).value_or(0)));
    };
    const SamplingCounts counts{.requests = number("RequestCount"),
                                .sampled = number("SampledCount"),
                                .borrowed = number("BorrowCount")};
    const auto target = core.sampler.report(name, json::string_or(document, "ClientID"), counts);
    if (!target) {
      unprocessed.push_back(json::Object{{"RuleName", name},
                                         {"ErrorCode", "RuleNotFound"},
                                         {"Message", "The sampling rule does not exist."}});
      continue;
    }
    targets.push_back(json::Object{{"RuleName", name},
                                   {"FixedRate", target->fixed_rate},
                                   {"ReservoirQuota", target->quota},
                                   {"ReservoirQuotaTTL", target->quota_ends},
                                   {"Interval", kSamplingInterval.count()}});
  }
  return json::Object{{"SamplingTargetDocuments", std::move(targets)},
                      {"LastRuleModification", core.sampler.last_modified()},
                      {"UnprocessedStatistics", std::move(unprocessed)}};
}

Answer get_statistics(Core& core, aws::Call&) {
  json::Array out;
  for (const auto& window : core.sampler.statistics()) {
    for (const auto& [rule, counts] : window.rules) {
      out.push_back(json::Object{{"RuleName", rule},
                                 {"Timestamp", window.start},
                                 {"RequestCount", counts.requests},
                                 {"BorrowCount", counts.borrowed},
                                 {"SampledCount", counts.sampled}});
    }
  }
  return json::Object{{"SamplingStatisticSummaries", std::move(out)}};
}

}  // namespace

aws::ApiResult<void> load_rules(Core& core) {
  std::vector<SamplingRule> rules;
  bool has_default = false;
  CHECK_OK(services::scan(core.context.store, rules_key(), {},
                          [&](std::string_view, const json::Object& record) {
                            rules.push_back(from_record(record));
                            has_default |= rules.back().name == kDefault;
                            return true;
                          }));
  if (!has_default) rules.push_back(default_rule(core.context.config.region, core.account()));
  core.sampler.set_rules(std::move(rules));
  return {};
}

aws::ApiResult<void> save_rule(Core& core, const SamplingRule& rule) {
  store::Batch batch;
  services::save(batch, rule_key(rule.name), to_record(rule));
  TRY([[maybe_unused]] const auto sequence, core.context.store.commit(batch));
  return load_rules(core);
}

void register_sampling(aws::Registry& registry, Core& core) {
  add_operation(registry, core, "CreateSamplingRule", create_rule);
  add_operation(registry, core, "UpdateSamplingRule", update_rule);
  add_operation(registry, core, "DeleteSamplingRule", delete_rule);
  add_operation(registry, core, "GetSamplingRules", get_rules);
  add_operation(registry, core, "GetSamplingTargets", get_targets);
  add_operation(registry, core, "GetSamplingStatisticSummaries", get_statistics);
}

}  // namespace dew::xray
