// Who holds an access key: IAM knows the users' long-term keys, STS the temporary ones. Thread-safe.
#pragma once

#include "aws/credentials.h"
#include "services/iam/service.h"
#include "services/sts/service.h"

namespace dew::cloud {

class Credentials final : public aws::CredentialSource {
 public:
  Credentials(const iam::Service& iam, const sts::Service& sts) : iam_(iam), sts_(sts) {}

  std::optional<aws::Credential> find(std::string_view access_key) override {
    if (auto session = sts_.find_session(access_key)) {
      return aws::Credential{std::move(session->secret), std::move(session->token), std::move(session->identity)};
    }
    if (auto key = iam_.find_access_key(access_key); key && key->active) {
      return aws::Credential{std::move(key->secret), "", std::move(key->identity)};
    }
    return std::nullopt;
  }

 private:
  const iam::Service& iam_;
  const sts::Service& sts_;
};

}  // namespace dew::cloud
