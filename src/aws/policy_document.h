// Policy documents: the JSON that says who may do what. Here its grammar is checked, as AWS does
// before it stores one; evaluation reads the same document.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
//
// Pure functions, thread-safe.
#pragma once

#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"

namespace dew::aws {

enum class PolicyKind {
  kIdentity,  // attached to a user or a role: Resource, and no Principal
  kTrust,     // a role's trust policy: Principal, and no Resource
  kResource,  // attached to a bucket, a function, …: Principal and Resource
};

// The parsed document, or MalformedPolicyDocument naming the first thing that is wrong.
ApiResult<json::Object> parse_policy_document(std::string_view text, PolicyKind kind);

}  // namespace dew::aws
