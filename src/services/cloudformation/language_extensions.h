// AWS::LanguageExtensions: Fn::ForEach, Fn::Length, Fn::ToJsonString, defaults of Fn::FindInMap,
// and functions where names stand.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-languageextensions.html
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
//
// Loops become what they repeat, lengths numbers, names texts, from the template and its parameters
// alone. Fn::ToJsonString and Fn::FindInMap are left to the Evaluator.
//
// An identifier is replaced in the keys that a loop makes (${Id}; &{Id} without what is not
// alphanumeric), in the text of Fn::Sub and where Ref names it; elsewhere a text is left as it is.
// Hostile input: what loops make counts against kTemplateNodes and kTemplateUrlBytes.
#pragma once

#include "services/cloudformation/intrinsics.h"

namespace dew::cloudformation {

inline constexpr std::string_view kLanguageExtensions = "AWS::LanguageExtensions";
inline constexpr std::string_view kForEach = "Fn::ForEach::";

// `tmpl` has the document's parameters and mappings; `environment` the parameters' values.
ApiResult<json::Object> extend_language(const Template& tmpl, const Environment& environment,
                                        json::Object document);

}  // namespace dew::cloudformation
