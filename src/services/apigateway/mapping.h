// Where the parts of requests and responses come from: values of parameters, mapping templates.
// docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/apigateway/exchange.h"

namespace dew::apigateway {

// `status` is the response's, 0 while there is none; `body` what $input.body is.
TemplateScope scope_of(const Exchange& exchange, int status, std::string_view body);

// `backend` is what the integration has answered; null: nothing.
std::string resolve(const MappedValue& value, const Exchange& exchange, int status,
                    const http::Response* backend = nullptr);

// A client's text must not end the header it is put in.
std::string one_line(std::string text);

// The template for a content type, whose parameters after ';' do not count; null: none.
const std::pair<std::string, Template>* choose(
    const std::vector<std::pair<std::string, Template>>& templates, std::string_view type);

// The response that an integration response makes of a result: its status, mapped headers and
// rendered body. `body` is the integration's own, for a response without a template.
http::Response mapped_response(const Exchange& exchange, const MappedResponse& chosen,
                               std::string body, const http::Response* backend);

// The first response whose pattern is the whole of `text`, else the one without a pattern; null:
// none.
const MappedResponse* select_response(const std::vector<MappedResponse>& responses,
                                      std::string_view text);

}  // namespace dew::apigateway
