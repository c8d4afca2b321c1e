// The text of an API definition, JSON or YAML, as a document.
//
// Hostile input: length, depth and number of parts are limited, aliases are refused, so that no
// text grows while it is read. Pure, thread-safe.
#pragma once

#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace dew::apigateway {

// "The maximum size of the API definition file is 6MB."
// docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
inline constexpr size_t kMaxDefinitionBytes = 6 * 1024 * 1024;
inline constexpr size_t kMaxDefinitionParts = 300'000;
inline constexpr size_t kMaxDefinitionDepth = 60;

// JSON if the text begins with '{', else YAML, whose plain scalars are typed as YAML 1.2's core
// schema has it (yes and no are text) and whose keys are text. The error says what is wrong.
Result<json::Object> parse_definition(std::string_view text);

}  // namespace dew::apigateway
