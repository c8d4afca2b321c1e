// A web page must not drive the cloud: in relaxed mode the AWS APIs take unsigned calls from the
// loopback address, and a browser is on the loopback address too, with whatever page it shows. So a
// request to the AWS APIs or to /_dew/ that carries a foreign Origin, or a Host that is no name of
// this machine (DNS rebinding), is refused. Deployed applications are not guarded: CORS is theirs
// to decide. Pure functions.
#pragma once

#include "net/http.h"

namespace dew::cloud {

// Whether the request may reach the AWS APIs and the administration.
bool allowed_from_browser(const http::Request& request);

}  // namespace dew::cloud
