// Which service and which operation a request is for. In this order: the credential scope,
// X-Amz-Target, the host, the form's Action and Version, the path; each step only where those
// before it left the question open.
//
// An S3 bucket in the host name is moved into the path (`target`), so that everything behind the
// router sees path-style requests only. Pure functions over immutable models; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "aws/model.h"
#include "aws/sigv4.h"
#include "net/http.h"

namespace dew::aws {

struct Route {
  const ServiceModel* service = nullptr;
  const Operation* operation = nullptr;
  ProtocolKind protocol = ProtocolKind::kJson;  // the request's: a service may speak several
  std::string target;         // the request's target in path style; empty: as it is
  bool health_check = false;  // GET / of nobody in particular, or of DynamoDB; no operation
};

struct RouteFailure {
  const ServiceModel* service = nullptr;  // renders the error; null: nothing known, plain JSON
  ApiError error;
};

// A service of the query protocol whose model names a target prefix also speaks json and
// rpc-v2-cbor, as newer SDKs do; every other one has a single protocol.
ProtocolKind request_protocol(const ServiceModel& service, const http::Request& request);

std::expected<Route, RouteFailure> route(const http::Request& request, const Signature* signature);

// The bucket that a request to S3 is about; empty for one to another service. Of a preflight
// request, that of the request which it announces.
std::string s3_bucket(const http::Request& request);

// The operation of a REST service that the method and target stand for; null for none.
const Operation* match_operation(const ServiceModel& service, const http::Request& request,
                                 std::string_view target);

}  // namespace dew::aws
