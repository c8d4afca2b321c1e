// ExecuteApi: may a caller invoke a method of a deployed REST API? Weighs the caller's policies and
// the API's resource policy, and what a Lambda authorizer returned.
// docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
//
// The modes are the authorizer's: in the audit mode everything is let in that a policy of IAM's or
// of the API's would keep out, and the log says so. What a Lambda authorizer decides is the
// application's, and counts in every mode. Thread-safe; called on io threads.
#pragma once

#include <string>
#include <string_view>

#include "authz/authorizer.h"
#include "net/http.h"

namespace dew::authz {

class ExecuteApi {
 public:
  struct Question {
    const aws::Identity& caller;
    std::string_view action;
    std::string_view resource;  // arn:aws:execute-api:…
    const http::Request& request;
    const policy::Policy* api_policy;  // null: none
  };

  ExecuteApi(const Authorizer& authorizer, Sources& sources, const Clock& clock,
             std::string account, std::string region, Mode mode)
      : authorizer_(authorizer),
        sources_(sources),
        clock_(clock),
        account_(std::move(account)),
        region_(std::move(region)),
        mode_(mode) {}

  policy::Decision decide(const Question& question) const;
  // `returned`: the policy of a Lambda authorizer; null: it is yet to be asked, and only an
  // explicit deny of the API's policy counts.
  policy::Decision decide(const Question& question, const policy::Policy* returned) const;

 private:
  aws::Call call_of(const Question& question) const;
  policy::Decision in_mode(const Question& question, const policy::Decision& decision) const;

  const Authorizer& authorizer_;
  Sources& sources_;
  const Clock& clock_;
  const std::string account_;
  const std::string region_;
  const Mode mode_;
};

}  // namespace dew::authz
