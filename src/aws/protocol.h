// The wire protocols, server side: an HTTP request becomes an operation's input, its output or
// error an HTTP response. One implementation per protocol, stateless, directed by the service's
// model.
//
// Shared by all: a body that does not parse is an ApiError in the service's own words; what the
// model does not know is ignored on the way in and left out (and logged: our bug) on the way out.
// Thread-safe.
#pragma once

#include <string_view>

#include "aws/api_error.h"
#include "aws/model.h"
#include "net/http.h"

namespace dew::aws {

// What rendering takes from the request that it answers.
struct ReplyTo {
  const ServiceModel& service;
  const Operation* operation;  // null for an error before the operation was known
  std::string_view request_id;
  const http::Request* request =
      nullptr;  // for S3's <Resource> and json's content type; may be null
};

class Protocol {
 public:
  virtual ~Protocol() = default;

  // May consume the request's body; headers and target stay. The input may live in the arena.
  virtual ApiResult<json::Object> parse(const ServiceModel& service, const Operation& operation,
                                        http::Request& request, json::Arena& arena) const = 0;
  virtual http::Response render(const ReplyTo& to, const json::Value& output) const = 0;
  virtual http::Response render_error(const ReplyTo& to, const ApiError& error) const = 0;
};

const Protocol& protocol(ProtocolKind kind);

// The answer of the json protocol with an output that is written already.
http::Response json_answer(const ReplyTo& to, std::string output);

// The status of an error: the model's for its shape, else the error's own.
int error_status(const ServiceModel& service, const ApiError& error);

// One per protocol, behind protocol().
const Protocol& json_protocol();
const Protocol& query_protocol();
const Protocol& rest_json_protocol();
const Protocol& rest_xml_protocol();
const Protocol& cbor_protocol();

}  // namespace dew::aws
