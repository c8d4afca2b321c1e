// Values of parameters: where a header, a part of a path or of a query string comes from.
// docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"

namespace dew::apigateway {

struct MappedValue {
  enum class Kind {
    kStatic,
    kContext,
    kStageVariable,
    kRequestHeader,
    kRequestQuery,
    kRequestPath,
    kBackendHeader
  };
  Kind kind = Kind::kStatic;
  std::string text;  // the static text, or the name
};

// `'text'`, context.NAME, stageVariables.NAME, method.request.header.NAME,
// method.request.querystring.NAME or method.request.path.NAME. Anything else is refused by name.
aws::ApiResult<MappedValue> mapped_value(std::string_view expression);
// The same for what answers an HTTP integration: integration.response.header.NAME too.
aws::ApiResult<MappedValue> mapped_response_value(std::string_view expression);

}  // namespace dew::apigateway
