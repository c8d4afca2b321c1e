// One stage of a deployed API, compiled for the data plane: routes, targets, prepared parts of the
// event, gateway responses. Built when a deployment or a stage changes, then immutable and shared
// by all threads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "services/apigateway/access_log.h"
#include "services/apigateway/mapped_value.h"
#include "services/apigateway/route_checks.h"
#include "services/apigateway/route_tree.h"
#include "services/apigateway/template.h"

namespace re2 {
class RE2;
}

namespace dew::apigateway {

struct ProxyTarget {
  std::string function_arn;
  int timeout_ms = 29'000;
};

// An integration response: which results it is for, and what it makes of them.
struct MappedResponse {
  int status = 200;
  std::shared_ptr<const re2::RE2> pattern;  // null: the default response
  std::vector<std::pair<std::string, MappedValue>> headers;
  std::vector<std::pair<std::string, Template>> templates;  // by content type
};
struct MockTarget {
  std::vector<std::pair<std::string, Template>> templates;  // by content type
  bool pass_unmatched = true;
  std::vector<MappedResponse> responses;
};

struct RequestParameter {
  enum class Place { kHeader, kQuery, kPath };
  Place place;
  std::string name;
  MappedValue value;
};
struct HttpTarget {
  bool proxy = false;  // HTTP_PROXY
  std::string method;  // ANY: the client's
  std::string uri;     // with names in braces
  int timeout_ms = 29'000;
  std::vector<RequestParameter> parameters;
  // Of HTTP alone:
  std::vector<std::pair<std::string, Template>> templates;  // by content type
  bool pass_unmatched = true;
  std::vector<MappedResponse> responses;
};

enum class LogLevel { kOff, kError, kInfo };

struct Route {
  std::string method;  // a verb or ANY
  std::string resource_path;
  std::string resource_id;
  std::vector<std::string> parameters;
  std::variant<ProxyTarget, MockTarget, HttpTarget> target;
  LogLevel log_level = LogLevel::kOff;
  bool log_data = false;
  bool detailed_metrics = false;
  RouteChecksPtr checks;  // null: none

  // Parts of the event that are the same for every request of the route.
  std::string event_head;    // {"resource":"…","path":
  std::string context_head;  // "requestContext":{"resourceId":"…","resourcePath":"…","httpMethod":
};

struct GatewayAnswer {
  int status = 0;  // 0: the type's own
  std::vector<std::pair<std::string, MappedValue>> headers;
  std::vector<std::pair<std::string, Template>> templates;  // empty: the default body
};

struct StageTable {
  std::string account;
  std::string region;
  std::string api_id;
  std::string api_name;
  std::string stage;
  std::string deployment_id;
  json::Object variables;
  std::string stage_variables_json;             // "stageVariables":null or {…}, with the key
  std::string context_tail;                     // ,"deploymentId":"…","apiId":"…"}
  std::vector<std::string> binary_media_types;  // lower case
  bool endpoint_disabled = false;
  bool tracing = false;    // tracingEnabled
  std::string trace_name;  // API/STAGE, the segment's name
  std::string trace_arn;   // of the stage
  std::vector<Route> routes;
  RouteTree tree;
  std::map<std::string, GatewayAnswer, std::less<>> gateway_answers;  // by type
  std::string access_log_group;                                       // empty: none
  AccessLogFormat access_log_format;

  bool is_binary(std::string_view media_type) const;  // parameters after ';' are ignored
};

// From the documents of the API, its stage and the stage's snapshot. The error names what is wrong.
Result<std::shared_ptr<const StageTable>> build_stage_table(std::string_view account,
                                                            std::string_view region,
                                                            const json::Object& api,
                                                            const json::Object& stage,
                                                            const json::Object& snapshot);

}  // namespace dew::apigateway
