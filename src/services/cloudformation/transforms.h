// Transforms: what macros make of a template before it becomes a stack.
// docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-reference.html
//
// AWS::LanguageExtensions and AWS::Include are applied here; AWS::Serverless and macros of an
// account are refused by name. On AWS a template whose transform fails becomes a stack that is
// rolled back, or a change set that failed; here the call is refused, with the same message.
#pragma once

#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/parameters.h"

namespace dew::cloudformation {

// What a template declares, at its top and within, each once: AWS::Include, say.
std::vector<std::string> declared_transforms(const json::Object& document);

// The text at an S3 location, s3://BUCKET/KEY.
using ReadInclude =
    std::function<ApiResult<std::string>(std::string_view bucket, std::string_view key)>;

// A template with its macros applied.
struct Processed {
  std::string text;                     // as it was given, when it declares none
  std::vector<std::string> transforms;  // what it declared
};

// `ssm` as bind_parameters takes it; of `environment` account, region and the stack's names count.
ApiResult<Processed> apply_transforms(
    std::string_view text, const GivenParameters& given,
    const std::function<ApiResult<std::string>(const std::string& name)>& ssm,
    Environment environment, const ReadInclude& read);

}  // namespace dew::cloudformation
