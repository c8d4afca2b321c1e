// Rules: the section of a template that checks its parameters together, before anything is made.
// docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
//
// Fn::RefAll, Fn::ValueOf and Fn::ValueOfAll ask about EC2 and Route 53, and are refused by name.
#pragma once

#include "services/cloudformation/intrinsics.h"

namespace dew::cloudformation {

// Their form, with no values: every function is one of rules, with as many arguments as it takes,
// and refers to parameters only.
ApiResult<void> check_rules(const Template& tmpl);

// Every rule whose condition holds: ValidationError with the descriptions of what is not so.
ApiResult<void> apply_rules(const Template& tmpl, Evaluator& evaluator);

}  // namespace dew::cloudformation
