// The errors of API Gateway's control plane, in AWS's own words. Each is what boto3 or the AWS CLI
// prints.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::apigateway {

inline aws::ApiError bad_request(std::string message) {
  return {"BadRequestException", std::move(message), 400};
}
inline aws::ApiError not_found(std::string message) {
  return {"NotFoundException", std::move(message), 404};
}
inline aws::ApiError conflict(std::string message) {
  return {"ConflictException", std::move(message), 409};
}
// A documented input that this version does not honour. A client error, so that no SDK retries it.
inline aws::ApiError unsupported(std::string_view what) {
  return bad_request("Dewpoint does not support " + std::string(what) + " yet");
}

inline aws::ApiError no_such_api(std::string_view account, std::string_view id) {
  return not_found("Invalid API identifier specified " + std::string(account) + ":" +
                   std::string(id));
}
inline aws::ApiError no_such_resource() {
  return not_found("Invalid Resource identifier specified");
}
inline aws::ApiError no_such_method() { return not_found("Invalid Method identifier specified"); }
inline aws::ApiError no_such_integration() {
  return not_found("Invalid Integration identifier specified");
}
inline aws::ApiError no_such_response() {
  return not_found("Invalid Response status code specified");
}
inline aws::ApiError no_such_deployment() {
  return not_found("Invalid Deployment identifier specified");
}
inline aws::ApiError no_such_authorizer() {
  return not_found("Invalid Authorizer identifier specified");
}
inline aws::ApiError no_such_api_key() { return not_found("Invalid API Key identifier specified"); }
inline aws::ApiError no_such_usage_plan() { return not_found("Invalid Usage Plan ID specified"); }
inline aws::ApiError no_such_stage() { return not_found("Invalid stage identifier specified"); }

}  // namespace dew::apigateway
