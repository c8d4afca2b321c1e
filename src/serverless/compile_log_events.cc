// `cloudwatchLog` events: a subscription filter on a log group, and CloudWatch Logs' permission to
// invoke the function. www.serverless.com/framework/docs/providers/aws/events/cloudwatch-log
#include <fmt/format.h>

#include <algorithm>

#include "serverless/compile_parts.h"
#include "serverless/naming.h"

namespace dew::serverless {

namespace {

// docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
constexpr int kFiltersOfGroup = 2;

std::string without_line_ends(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text.substr(i).starts_with("\r\n")) continue;
    out += text[i];
  }
  return out;
}

// As the framework does: once, when the first quote is escaped.
std::string unescaped(const std::string& filter) {
  const size_t slash = filter.find('\\');
  const size_t quote = filter.find('"');
  if (slash == std::string::npos || quote == std::string::npos || quote < slash) return filter;
  std::string out;
  for (size_t i = 0; i < filter.size(); ++i) {
    const char next = i + 1 < filter.size() ? filter[i + 1] : '\0';
    if (filter[i] == '\\' && (next == '"' || next == '\\' || next == '\'')) ++i;
    out += filter[i];
  }
  return out;
}

// What the names begin with in common, with a star if there are more than one.
std::string common_name(const std::vector<std::string>& groups) {
  std::string out = groups.front();
  for (const auto& group : groups)
    out.resize(static_cast<size_t>(std::ranges::mismatch(out, group).in1 - out.begin()));
  if (groups.size() > 1 && !out.ends_with('*')) out += '*';
  return out;
}

}  // namespace

Result<void> compile_log_events(Compilation& out) {
  std::map<std::string, int> filters;  // by group
  for (const auto& [key, function] : out.service.functions()) {
    const Node* list = function->find("events");
    std::vector<std::string> groups;
    const std::string prefix = normalized_function(key);
    const std::string permission = prefix + "LambdaPermissionLogsSubscriptionFilterCloudWatchLog";
    const std::string alias = provisioned_alias_id(out.service, key);
    for (size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const auto& entry = list->items[i].entries[0];
      if (entry.key != "cloudwatchLog") continue;
      const Node* group = entry.value.is_map() ? entry.value.find("logGroup") : &entry.value;
      const Node* filter = entry.value.is_map() ? entry.value.find("filter") : nullptr;
      groups.push_back(without_line_ends(group->text));
      if (++filters[groups.back()] > kFiltersOfGroup) {
        return fail_at(group->mark, fmt::format("functions.{}.events.{}.cloudwatchLog", key, i),
                       fmt::format("the log group {} has two subscription filters already, as many "
                                   "as it can have",
                                   groups.back()));
      }
      json::Array needs{json::Value(permission)};
      if (!alias.empty()) needs.emplace_back(alias);
      out.resources[fmt::format("{}LogsSubscriptionFilterCloudWatchLog{}", prefix, groups.size())] =
          json::Object{{"Type", "AWS::Logs::SubscriptionFilter"},
                       {"DependsOn", std::move(needs)},
                       {"Properties",
                        json::Object{{"LogGroupName", groups.back()},
                                     {"FilterPattern",
                                      filter != nullptr ? unescaped(without_line_ends(filter->text))
                                                        : std::string()},
                                     {"DestinationArn", function_target(out.service, key)}}}};
    }
    if (groups.empty()) continue;
    json::Object resource{
        {"Type", "AWS::Lambda::Permission"},
        {"Properties",
         json::Object{{"FunctionName", function_target(out.service, key)},
                      {"Action", "lambda:InvokeFunction"},
                      {"Principal", join("", {"logs.", ref_to("AWS::Region"), ".amazonaws.com"})},
                      {"SourceArn", join("", {"arn:", ref_to("AWS::Partition"), ":logs:",
                                              ref_to("AWS::Region"), ":", ref_to("AWS::AccountId"),
                                              ":log-group:", common_name(groups), ":*"})}}}};
    if (!alias.empty()) resource["DependsOn"] = json::Array{json::Value(alias)};
    out.resources[permission] = std::move(resource);
  }
  return {};
}

}  // namespace dew::serverless
