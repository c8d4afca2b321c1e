// AWS credentials as Lambda gives them: from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN, or else from the container endpoint (AWS_CONTAINER_CREDENTIALS_FULL_URI or
// _RELATIVE_URI, with AWS_CONTAINER_AUTHORIZATION_TOKEN or its _FILE), fetched again five minutes
// before they expire. One thread at a time.
//
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#pragma once

#include <dew/http.h>
#include <dew/result.h>

#include <cstdint>
#include <optional>
#include <string>

namespace dew {

struct Credentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};         // empty: long-term credentials
  std::optional<int64_t> expires_s{};  // seconds since the epoch
};

class CredentialsProvider {
 public:
  CredentialsProvider() = default;  // the chain above
  explicit CredentialsProvider(Credentials fixed) : cached_(std::move(fixed)), fixed_(true) {}

  // Error code "NoCredentials" when there are none.
  Result<const Credentials*> get();

 private:
  Result<Credentials> fetch();

  std::optional<Credentials> cached_;
  bool fixed_ = false;
  std::optional<http::Client> client_;
};

}  // namespace dew
