// What rest-json and rest-xml share: labels, query strings, headers, status, and which member is
// the body. The two differ in how a structure is written in a body and in their errors, which they
// supply.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/protocol.h"

namespace dew::aws {

// A scalar from a header, a label or a query parameter, or from an XML element's or form field's
// text.
ApiResult<json::Value> scalar_from_text(const Member& member, std::string_view text,
                                        TimestampFormat fallback);
// The other way round. `bytes_as_base64` as everywhere but in a payload.
std::string scalar_to_text(const Member& member, const json::Value& value, TimestampFormat fallback,
                           bool always_ms = false);

class RestProtocol : public Protocol {
 public:
  ApiResult<json::Object> parse(const ServiceModel& service, const Operation& operation,
                                http::Request& request, json::Arena& arena) const override;
  http::Response render(const ReplyTo& to, const json::Value& output) const override;

 protected:
  // The body as a structure: either the payload member's, or all members of the input that live in
  // the body.
  virtual ApiResult<json::Value> read_body(const ServiceModel& service, const Member& root,
                                           std::string_view body) const = 0;
  virtual void write_body(const ServiceModel& service, const Member& root,
                          const json::Object& value, std::string& out) const = 0;
  virtual std::string_view content_type() const = 0;
  // The body of a result none of whose members is in the body.
  virtual std::string_view empty_body() const = 0;

  // Sets the headers that the structure's members go to; returns the status that a member asks for,
  // or 0.
  static int write_headers(const ServiceModel& service, const Shape& shape,
                           const json::Object& value, http::Headers& headers);
};

}  // namespace dew::aws
