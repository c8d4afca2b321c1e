#include "services/apigateway/api_policy.h"

#include <fmt/format.h>

#include "services/apigateway/errors.h"
#include "services/apigateway/json_text.h"

namespace dew::apigateway {

namespace {

constexpr std::string_view kShort = "execute-api:/";

void expand(json::Value& value, std::string_view prefix) {
  if (value.is_array()) {
    for (auto& one : value.get_array()) expand(one, prefix);
  } else if (value.is_string()) {
    const auto text = json::view(value.get_string());
    if (text.starts_with(kShort)) value = fmt::format("{}{}", prefix, text.substr(kShort.size()));
  }
}

void expand_statement(json::Value& statement, std::string_view prefix) {
  if (!statement.is_object()) return;
  for (const auto member : {"Resource", "NotResource"}) {
    if (auto* resources = statement.get_object().if_contains(member)) expand(*resources, prefix);
  }
}

aws::ApiError invalid() {
  return bad_request(
      "Invalid policy document. Please check the policy syntax and ensure that Principals are "
      "valid.");
}

}  // namespace

aws::ApiResult<std::string> expand_api_policy(std::string_view text, std::string_view region,
                                              std::string_view account, std::string_view api_id) {
  auto document = json::parse(text);
  if (!document || !document->is_object()) return aws::fail(invalid());
  const auto prefix = fmt::format("arn:aws:execute-api:{}:{}:{}/", region, account, api_id);
  if (auto* statements = document->get_object().if_contains("Statement")) {
    if (statements->is_array()) {
      for (auto& statement : statements->get_array()) expand_statement(statement, prefix);
    } else {
      expand_statement(*statements, prefix);
    }
  }
  auto out = json::dump(*document);
  if (!policy::Policy::parse(out, policy::Kind::kResource)) return aws::fail(invalid());
  return out;
}

std::string shown_api_policy(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

}  // namespace dew::apigateway
