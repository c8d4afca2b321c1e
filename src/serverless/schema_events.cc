#include "serverless/schema_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "serverless/schema.h"
#include "serverless/suggest.h"

namespace dew::serverless {

namespace {

Rule strings() { return list_of(text()); }

// A function's name, an ARN, aws_iam, or a map.
Rule authorizer_rule() {
  const Rule type = [](Node& node, const std::string& path) -> Result<void> {
    if (node.is_string() && one_of_any_case({"COGNITO_USER_POOLS"})(node, path))
      return fail_at(node.mark, path, "Cognito user pools are not supported yet");
    return one_of_any_case({"TOKEN", "REQUEST", "AWS_IAM", "CUSTOM"})(node, path);
  };
  return first_of(
      {{[](const Node& n) { return n.is_string(); }, text()},
       {[](const Node& n) { return n.is_map(); }, record({{"type", type},
                                                          {"arn", intrinsic_or(text())},
                                                          {"authorizerId", intrinsic_or(text())},
                                                          {"name", text()},
                                                          {"identitySource", text()},
                                                          {"identityValidationExpression", text()},
                                                          {"managedExternally", boolean()},
                                                          {"resultTtlInSeconds", integer(0, 3600)}},
                                                         {"claims", "scopes"})}},
      "a function's name, an ARN, aws_iam or a map");
}

// www.serverless.com/framework/docs/providers/aws/events/apigateway
Rule http_event() {
  const Rule cors =
      first_of({{[](const Node& n) { return n.is_bool(); }, boolean()},
                {[](const Node& n) { return n.is_map(); },
                 record({{"origin", text()},
                         {"origins", strings()},
                         {"headers", strings()},
                         {"methods", list_of(one_of({"GET", "POST", "PUT", "PATCH", "OPTIONS",
                                                     "HEAD", "DELETE", "ANY"}))},
                         {"allowCredentials", boolean()},
                         {"maxAge", integer(1, INT64_MAX)},
                         {"cacheControl", text()}})}},
               "true or a map");
  const Rule parameters = map_of(first_of({{[](const Node& n) { return n.is_bool(); }, boolean()},
                                           {[](const Node& n) { return n.is_map(); },
                                            record({{"required", boolean()}}, {"mappedValue"})}},
                                          "true, false or a map with 'required'"));
  const Rule request = record(
      {{"parameters",
        record({{"querystrings", parameters}, {"headers", parameters}, {"paths", parameters}})},
       {"schemas", map_of(first_of({{[](const Node& n) { return n.is_string(); }, text()},
                                    {[](const Node& n) { return n.is_map(); }, anything()}},
                                   "a schema, or the name of one of the provider's"))}},
      {"schema", "template", "passThrough", "contentHandling", "method", "uri"});
  const Rule proxy = one_of_any_case({"AWS_PROXY", "AWS-PROXY", "LAMBDA_PROXY", "LAMBDA-PROXY"});
  const Rule integration = [proxy](Node& node, const std::string& path) -> Result<void> {
    if (proxy(node, path)) return {};
    return fail_at(node.mark, path,
                   fmt::format("only lambda-proxy is supported yet, not '{}'", node.scalar_text()));
  };
  const Rule long_form = record({{"path", text(0), true},
                                 {"method", text(), true},
                                 {"cors", cors},
                                 {"private", boolean()},
                                 {"authorizer", authorizer_rule()},
                                 {"integration", integration},
                                 {"request", request},
                                 {"operationId", text()},
                                 {"timeoutInMillis", integer(50, 29000)}},
                                {"async", "connectionId", "connectionType", "response"});
  return [long_form](Node& node, const std::string& path) -> Result<void> {
    if (!node.is_string()) CHECK_OK(long_form(node, path));
    if (auto route = http_route(node, path); !route) return std::unexpected(route.error());
    return {};
  };
}

// www.serverless.com/framework/docs/providers/aws/events/cloudwatch-log
Rule log_event() {
  const auto is_name = [](std::string_view name) {
    return std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("/-_.#").find(c) != std::string_view::npos;
    });
  };
  const Rule group = text_like(is_name, "a log group's name");
  return first_of({{[](const Node& n) { return n.is_string(); }, group},
                   {[](const Node& n) { return n.is_map(); },
                    record({{"logGroup", group, true}, {"filter", text(0)}})}},
                  "a log group's name, or a map with logGroup and filter");
}

}  // namespace

Rule events_rule() {
  static const std::vector<std::string> kOthers{"httpApi",
                                                "websocket",
                                                "s3",
                                                "schedule",
                                                "sns",
                                                "sqs",
                                                "stream",
                                                "msk",
                                                "kafka",
                                                "activemq",
                                                "rabbitmq",
                                                "alexaSkill",
                                                "alexaSmartHome",
                                                "iot",
                                                "iotFleetProvisioning",
                                                "cloudwatchEvent",
                                                "cognitoUserPool",
                                                "alb",
                                                "eventBridge",
                                                "cloudFront"};
  return list_of([http = http_event(), log = log_event()](Node& node,
                                                          const std::string& path) -> Result<void> {
    if (!node.is_map() || node.entries.size() != 1)
      return fail_at(node.mark, path, "must be a map with one key, the event's type");
    auto& entry = node.entries[0];
    const std::string here = join_path(path, entry.key);
    if (entry.key == "http") return http(entry.value, here);
    if (entry.key == "cloudwatchLog") return log(entry.value, here);
    if (std::find(kOthers.begin(), kOthers.end(), entry.key) != kOthers.end()) {
      return fail_at(entry.mark, here,
                     "this event type is not supported yet; Dewpoint has http and cloudwatchLog");
    }
    std::vector<std::string> known = kOthers;
    known.emplace_back("http");
    known.emplace_back("cloudwatchLog");
    return fail_at(entry.mark, here,
                   fmt::format("unknown event type{}", did_you_mean(entry.key, known)));
  });
}

Result<HttpRoute> http_route(const Node& event, const std::string& path) {
  static constexpr std::string_view kMethods[] = {"GET",     "POST", "PUT",    "PATCH",
                                                  "OPTIONS", "HEAD", "DELETE", "ANY"};
  HttpRoute route;
  Mark mark = event.mark;
  if (event.is_string()) {
    const size_t space = event.text.find(' ');
    if (space == std::string::npos)
      return fail_at(mark, path, fmt::format("must be METHOD /path, not '{}'", event.text));
    route.method = event.text.substr(0, space);
    route.path = event.text.substr(event.text.find_first_not_of(' ', space) == std::string::npos
                                       ? event.text.size()
                                       : event.text.find_first_not_of(' ', space));
  } else {
    route.method = event.find("method")->text;
    route.path = event.find("path")->text;
    mark = event.find("path")->mark;
  }
  std::transform(route.method.begin(), route.method.end(), route.method.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (route.method == "*") route.method = "ANY";
  if (std::find(std::begin(kMethods), std::end(kMethods), route.method) == std::end(kMethods)) {
    return fail_at(
        event.mark, path,
        fmt::format(
            "the method must be one of GET, POST, PUT, PATCH, OPTIONS, HEAD, DELETE, ANY, not '{}'",
            route.method));
  }
  while (route.path.starts_with('/')) route.path.erase(0, 1);
  while (route.path.ends_with('/')) route.path.pop_back();
  // docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
  for (size_t begin = 0; begin < route.path.size();) {
    const size_t end = std::min(route.path.find('/', begin), route.path.size());
    const std::string_view part = std::string_view(route.path).substr(begin, end - begin);
    const bool variable = part.starts_with('{') && part.ends_with('}') && part.size() > 2;
    std::string_view name = variable ? part.substr(1, part.size() - 2) : part;
    const bool greedy = variable && name.ends_with('+');
    if (greedy) name.remove_suffix(1);
    if (!letters_digits_or(name, variable ? "-_." : "-_.:$,")) {
      return fail_at(mark, path,
                     fmt::format("'{}' is no path that API Gateway takes: a part is letters, "
                                 "digits, and -_.:, or a {{parameter}}",
                                 route.path));
    }
    if (greedy && end != route.path.size())
      return fail_at(mark, path, fmt::format("{} must be the last part of '{}'", part, route.path));
    begin = end + 1;
  }
  return route;
}

}  // namespace dew::serverless
