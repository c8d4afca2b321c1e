// Signs the command line's own requests: Signature Version 4, header form.
// docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
#pragma once

#include <string>

#include "base/clock.h"
#include "net/http.h"

namespace dew::cli {

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; test/test where they are not set.
Credentials credentials_from_environment();

// Adds Host, X-Amz-Date, X-Amz-Content-Sha256 and Authorization. `request.target` must be encoded
// already.
void sign(http::Request& request, std::string_view host, const Credentials& credentials,
          std::string_view region, std::string_view service, TimePoint now);

}  // namespace dew::cli
