// LambdaAuthorizer: a TOKEN or REQUEST authorizer of a deployed API, compiled: where it finds who
// calls, which function it asks, for how long it remembers the answer.
// docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
//
// Immutable but for its cache, which is thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aws/api_error.h"
#include "base/guarded.h"
#include "json/json.h"
#include "policy/policy.h"

namespace re2 {
class RE2;
}

namespace dew::apigateway {

struct IdentitySource {
  enum class From { kHeader, kQuery, kStageVariable, kContext };
  From from = From::kHeader;
  std::string name;
};

// "method.request.header.Authorization, method.request.querystring.q, stageVariables.v, context.c".
aws::ApiResult<std::vector<IdentitySource>> identity_sources(std::string_view text);

// What an authorizer's function has answered.
struct Verdict {
  policy::PolicyPtr policy;
  json::Object authorizer;  // principalId and the context, whose values are strings
  std::string usage_identifier_key;
};
using VerdictPtr = std::shared_ptr<const Verdict>;

// The error says what is wrong with the answer. The policy's own account of actions and resources
// is checked as IAM checks it.
Result<Verdict> read_verdict(std::string_view payload);

// Answers by identity, each for the authorizer's time. Bounded: the oldest go first.
class VerdictCache {
 public:
  static constexpr size_t kMaxEntries = 4096;

  VerdictPtr find(std::string_view identity, int64_t now_ms) const;
  void keep(std::string identity, VerdictPtr verdict, int64_t until_ms, int64_t now_ms);

 private:
  struct Entry {
    VerdictPtr verdict;
    int64_t until_ms = 0;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  Guarded<Entries> entries_;
};

struct LambdaAuthorizer {
  enum class Kind { kToken, kRequest };
  Kind kind = Kind::kToken;
  std::string id;
  std::string function_arn;
  std::vector<IdentitySource> sources;
  std::shared_ptr<const re2::RE2> validation;  // of the token; null: none
  int64_t ttl_ms = 0;                          // 0: every request asks
  std::shared_ptr<VerdictCache> cache;
};
using LambdaAuthorizerPtr = std::shared_ptr<const LambdaAuthorizer>;

// From the authorizer's document and the stage's variables, which its URI may name.
Result<LambdaAuthorizerPtr> build_authorizer(const json::Object& document,
                                             const json::Object& variables);

}  // namespace dew::apigateway
