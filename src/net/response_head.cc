#include "net/response_head.h"

#include <charconv>
#include <ctime>

#include "base/clock.h"
#include "net/head.h"

namespace dew::net {

namespace {

// The Date header's value, made once a second.
std::string_view current_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::string date;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    date = http_date(TimePoint(std::chrono::seconds(now)));
    made_at = now;
  }
  return date;
}

void append_number(std::string& out, size_t number) {
  char digits[24];
  const auto result = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, result.ptr);
}

void append_value(std::string& out, std::string_view value) {
  if (is_field_value(value)) [[likely]] {
    out.append(value);
    return;
  }
  for (const char c : value) out.push_back(is_field_value({&c, 1}) ? c : ' ');
}

// Those that the server alone decides on.
bool is_ours(std::string_view name) {
  switch (name.size()) {
    case 4:
      return http::iequals(name, "date");
    case 10:
      return http::iequals(name, "connection") || http::iequals(name, "keep-alive");
    case 14:
      return http::iequals(name, "content-length");
    case 17:
      return http::iequals(name, "transfer-encoding");
    default:
      return false;
  }
}

}  // namespace

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 418:
      return "I'm a teapot";
    case 422:
      return "Unprocessable Content";
    case 424:
      return "Failed Dependency";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

void append_response_head(std::string& out, const http::Response& response, ResponseMode mode) {
  // Three digits, whatever a handler says.
  const int status = response.status >= 100 && response.status <= 999 ? response.status : 500;
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<size_t>(status));
  out.push_back(' ');
  out.append(reason_phrase(status));
  out.append("\r\n");
  std::string_view given_length;
  for (const auto& header : response.headers) {
    if (is_ours(header.name)) {
      if (mode.to_head && response.body.empty() && http::iequals(header.name, "content-length") &&
          header.value.find_first_not_of("0123456789") == std::string::npos) {
        given_length = header.value;
      }
      continue;
    }
    if (!is_token(header.name)) continue;
    out.append(header.name);
    out.append(": ");
    append_value(out, header.value);
    out.append("\r\n");
  }
  out.append("Date: ");
  out.append(current_date());
  if (!given_length.empty()) {
    out.append("\r\nContent-Length: ");
    out.append(given_length);
  } else if (status_has_body(status)) {
    out.append("\r\nContent-Length: ");
    append_number(out, response.body.size() + response.file.length);
  }
  if (!mode.keep_alive) {
    out.append("\r\nConnection: close");
  } else if (!mode.http11) {
    out.append("\r\nConnection: keep-alive");
  }
  out.append("\r\n\r\n");
}

}  // namespace dew::net
