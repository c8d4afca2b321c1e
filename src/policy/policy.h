// Policy: a policy document, checked as AWS checks one before it stores it, and compiled once so
// that every request can be compared with it.
// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
//
// Immutable, thread-safe. A document that another version of this program has stored parses still:
// the grammar only ever gets wider.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/condition.h"
#include "policy/pattern.h"
#include "policy/principal.h"

namespace dew::policy {

enum class Kind {
  kIdentity,  // attached to a user or a role, a boundary, a session's: Resource, and no Principal
  kTrust,     // a role's trust policy: Principal, and no Resource
  kResource,  // attached to a bucket, a function, …: Principal and Resource
};

// One action on one resource. The views outlive the evaluation.
struct Request {
  const Principal& principal;
  std::string_view action;    // "dynamodb:PutItem"; compared without regard to case
  std::string_view resource;  // an ARN; "*" for an action on no resource in particular
  const Context& context;
};

// What one policy says about a request.
struct Opinion {
  bool denies = false;
  Grant allows = Grant::kNone;  // kDirect for a policy without principals that allows
};

class Policy {
 public:
  // kInvalid, with AWS's message (of MalformedPolicyDocument), about the first thing that is wrong.
  static Result<std::shared_ptr<const Policy>> parse(std::string_view text, Kind kind);

  Opinion evaluate(const Request& request) const;

  // The statements that allow the request, or deny it: their places in the document's order.
  std::vector<size_t> matching(const Request& request, bool denies) const;

  const std::string& source() const { return source_; }
  // Of every statement, as written.
  std::vector<std::string> resources() const;

 private:
  struct Statement {
    bool denies = false;
    bool not_actions = false;
    bool not_resources = false;
    std::vector<Pattern> actions;
    std::vector<Pattern> resources;  // empty in a trust policy
    std::vector<Condition> conditions;
    PrincipalElement principal;
  };
  friend struct Compiler;

  Grant applies(const Statement& statement, const Request& request) const;

  std::string source_;
  Kind kind_ = Kind::kIdentity;
  std::vector<Statement> statements_;
};

using PolicyPtr = std::shared_ptr<const Policy>;

}  // namespace dew::policy
