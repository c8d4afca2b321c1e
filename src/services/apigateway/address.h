// Which deployed API and stage a request on the wire is for.
#pragma once

#include <optional>
#include <string>

#include "net/http.h"

namespace dew::apigateway {

struct DataPlaneAddress {
  std::string api_id;
  std::string stage;
  std::string
      path;  // after the stage, with its leading slash, still percent-encoded, without the query
  bool operator==(const DataPlaneAddress&) const = default;
};

// Understands the two forms that carry the API's id:
//   Host: {api-id}.execute-api.{anything}, path /{stage}/…
//   path /restapis/{api-id}/{stage}/_user_request_/…, on any host
// nullopt: the request is not for a deployed API. Pure.
std::optional<DataPlaneAddress> data_plane_address(const http::Request& request);

}  // namespace dew::apigateway
