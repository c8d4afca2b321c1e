// InvokeAuthority: all that API Gateway needs of IAM: who signed a request to a deployed API, and
// what the policies say. The cloud wires it to the keys and to the policy engine.
//
// docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
//
// Thread-safe; asked on io threads, so it answers from memory. Only methods that need it ask.
#pragma once

#include <string_view>

#include "aws/api_error.h"
#include "aws/call.h"
#include "net/http.h"
#include "policy/evaluate.h"

namespace dew::apigateway {

inline constexpr std::string_view kInvokeAction = "execute-api:Invoke";

class InvokeAuthority {
 public:
  struct Question {
    const aws::Identity& caller;  // anonymous, unless the method's authorization is AWS_IAM
    std::string_view resource;    // arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH
    const http::Request& request;
    const policy::Policy* api_policy;  // the API's resource policy; null: none
  };

  virtual ~InvokeAuthority() = default;

  // Whose signature (of the service execute-api) a request carries. The errors are those of the AWS
  // APIs; a request without a signature is refused, whatever the mode.
  virtual aws::ApiResult<aws::Identity> identify(const http::Request& request) = 0;

  // Identity policies together with the API's policy.
  virtual policy::Decision decide(const Question& question) = 0;

  // Of methods with a Lambda authorizer, in two phases: before it is asked (`returned` is null)
  // only an explicit deny of the API's policy counts; then its policy and the API's are weighed
  // together.
  virtual policy::Decision decide(const Question& question, const policy::Policy* returned) = 0;
};

}  // namespace dew::apigateway
