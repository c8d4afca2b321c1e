// JSON text written by hand, for the one place where a document is built per request and its shape
// is fixed: the proxy event. Everything else uses json::Value.
#pragma once

#include <string>
#include <string_view>

namespace dew::apigateway {

// Appends `text` as a JSON string with its quotes. Bytes that are not valid UTF-8 become U+FFFD, so
// that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

}  // namespace dew::apigateway
