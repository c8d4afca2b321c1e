// StackPolicy: which resources an update of a stack may change, replace or delete.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
//
// A document of statements like an IAM policy's, with its own actions (Update:Modify,
// Update:Replace, Update:Delete, Update:*), resources that are logical ids (LogicalResourceId/NAME,
// * as a wildcard), the one principal "*", and conditions on ResourceType alone. Where there is a
// policy, what no statement allows is denied; a denial wins. Pure, immutable, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/cloudformation/template.h"

namespace dew::cloudformation {

inline constexpr size_t kStackPolicyBytes = 16'384;

class StackPolicy {
 public:
  // ValidationError "Error validating stack policy: …"
  static ApiResult<StackPolicy> parse(std::string_view text);

  struct Change {
    std::string_view action;  // Update:Modify, Update:Replace, Update:Delete
    std::string_view logical_id;
    std::string_view type;
  };
  // Empty: allowed; else the reason, as the resource's event tells it.
  std::string denies(const Change& change) const;

 private:
  struct Statement {
    bool allow = false;
    bool not_actions = false;
    bool not_resources = false;
    std::vector<std::string> actions;
    std::vector<std::string> resources;
    std::vector<std::string> types_equal;  // with Condition: one of both has the type
    std::vector<std::string> types_like;
    bool conditional = false;
  };
  static ApiResult<Statement> parse_statement(const json::Value& value);
  static bool matches(const Statement& statement, const Change& change);

  std::vector<Statement> statements_;
};

}  // namespace dew::cloudformation
