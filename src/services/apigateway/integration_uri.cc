#include "services/apigateway/integration_uri.h"

#include <array>

#include "services/apigateway/errors.h"

namespace dew::apigateway {

namespace {

constexpr std::string_view kPath = "path/2015-03-31/functions/";
constexpr std::string_view kInvocations = "/invocations";
constexpr std::string_view kVariable = "${stageVariables.";

}  // namespace

aws::ApiResult<std::string> function_of_uri(std::string_view uri) {
  std::array<std::string_view, 6> parts;  // arn:partition:apigateway:region:service:path/...
  std::string_view rest = uri;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) {
      return aws::fail(bad_request("Invalid ARN specified in the request"));
    }
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  parts[5] = rest;
  if (parts[0] != "arn" || parts[2] != "apigateway") {
    return aws::fail(bad_request("Invalid ARN specified in the request"));
  }
  if (!parts[5].starts_with("path/") && !parts[5].starts_with("action/")) {
    return aws::fail(bad_request("AWS ARN for integration must contain path or action"));
  }
  if (parts[4] == "firehose") return aws::fail(unsupported("Firehose proxy integrations"));
  if (parts[4] != "lambda") {
    return aws::fail(
        bad_request("Integrations of type 'AWS_PROXY' currently only supports Lambda function and "
                    "Firehose stream invocations."));
  }
  if (!parts[5].starts_with(kPath) || !parts[5].ends_with(kInvocations) ||
      parts[5].size() <= kPath.size() + kInvocations.size()) {
    return aws::fail(bad_request("Invalid lambda function"));
  }
  return std::string(
      parts[5].substr(kPath.size(), parts[5].size() - kPath.size() - kInvocations.size()));
}

std::string with_stage_variables(std::string_view text, const json::Object* variables) {
  std::string out;
  while (true) {
    const size_t start = text.find(kVariable);
    const size_t end = start == std::string_view::npos ? start : text.find('}', start);
    if (end == std::string_view::npos) break;
    out += text.substr(0, start);
    const auto name = text.substr(start + kVariable.size(), end - start - kVariable.size());
    if (variables) out += json::string_or(*variables, name);
    text.remove_prefix(end + 1);
  }
  out += text;
  return out;
}

}  // namespace dew::apigateway
