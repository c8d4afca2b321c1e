// API Gateway -> IAM: the keys and the policies behind deployed REST APIs.
#pragma once

#include "authz/execute_api.h"
#include "aws/authenticate.h"
#include "services/apigateway/invoke_authority.h"

namespace dew::cloud {

class GatewayAuthority final : public apigateway::InvokeAuthority {
 public:
  GatewayAuthority(const Clock& clock, aws::AuthPolicy policy)
      : clock_(clock), policy_(std::move(policy)) {}

  // Both are known only once the services are made; they outlive the last request.
  void set(aws::CredentialSource* credentials, const authz::ExecuteApi* policies) {
    credentials_ = credentials;
    policies_ = policies;
  }

  aws::ApiResult<aws::Identity> identify(const http::Request& request) override;
  policy::Decision decide(const Question& question) override {
    return policies_->decide(of(question));
  }
  policy::Decision decide(const Question& question, const policy::Policy* returned) override {
    return policies_->decide(of(question), returned);
  }

 private:
  static authz::ExecuteApi::Question of(const Question& question) {
    return {question.caller, apigateway::kInvokeAction, question.resource, question.request,
            question.api_policy};
  }

  const Clock& clock_;
  const aws::AuthPolicy policy_;
  aws::CredentialSource* credentials_ = nullptr;
  const authz::ExecuteApi* policies_ = nullptr;
};

}  // namespace dew::cloud
