#include "services/apigateway/admission.h"

namespace dew::apigateway {

std::string Admission::identity(std::string_view name) const {
  if (name == "apiKey") return api_key;
  if (name == "apiKeyId") return api_key_id;
  if (!caller) return {};
  if (name == "accessKey") return caller->access_key;
  if (name == "accountId") return caller->account;
  if (name == "caller" || name == "user") return caller->user_id;
  if (name == "userArn") return caller->arn;
  return {};
}

std::string Admission::authorizer_value(std::string_view name) const {
  const auto* value = authorizer ? json::find(*authorizer, name) : nullptr;
  if (!value) return {};
  return value->is_string() ? json::str(*value) : json::dump(*value);
}

void append_authorizer(std::string& out, const Admission& admission) {
  if (!admission.authorizer) return;
  out += ",\"authorizer\":";
  out += json::dump(*admission.authorizer);
}

}  // namespace dew::apigateway
