// Writes the head of a response. Whatever a handler put into a header cannot end the header or the
// head: names that are not tokens are left out, and CR, LF and NUL in values become spaces (RFC
// 9110 section 5.5).
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace dew::net {

struct ResponseMode {
  bool http11 = true;
  bool keep_alive = true;
  bool to_head = false;  // the request was HEAD: no body follows
};

// Appends the status line, the headers, Date, Content-Length, Connection and the empty line. A
// Content-Length of the handler's own counts only in an answer to HEAD without a body.
void append_response_head(std::string& out, const http::Response& response, ResponseMode mode);

// 1xx, 204 and 304 never have one.
bool status_has_body(int status);
std::string_view reason_phrase(int status);

}  // namespace dew::net
