#include "cli/signer.h"

#include <cstdlib>

#include "aws/sigv4.h"
#include "base/encoding.h"

namespace dew::cli {

Credentials credentials_from_environment() {
  const auto read = [](const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return std::string(value && *value ? value : fallback);
  };
  return {read("AWS_ACCESS_KEY_ID", "test"), read("AWS_SECRET_ACCESS_KEY", "test"),
          read("AWS_SESSION_TOKEN", "")};
}

void sign(http::Request& request, std::string_view host, const Credentials& credentials,
          std::string_view region, std::string_view service, TimePoint now) {
  const std::string payload = hex_encode(sha256(request.body));
  request.headers.set("Host", host);
  request.headers.set("X-Amz-Content-Sha256", payload);
  aws::SigningInput input;
  input.access_key = credentials.access_key;
  input.secret = credentials.secret_key;
  input.session_token = credentials.session_token;
  input.region = region;
  input.service = service;
  input.timestamp = aws::format_amz_date(
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  input.style = service == "s3" ? aws::PathStyle::kPlain : aws::PathStyle::kNormalized;
  aws::sign_headers(request, input, payload);
}

}  // namespace dew::cli
