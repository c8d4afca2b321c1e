// STS: temporary credentials. AssumeRole and GetSessionToken issue an access key (ASIA…), a secret
// and a session token that expire; find() hands them, and the users' own keys, to whoever verifies
// signatures. docs.aws.amazon.com/STS/latest/APIReference/
//
// Sessions are kept in memory and in the store, so that they outlive a restart; expired ones are
// dropped whenever a new one is issued, at most kSweep at a time. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "base/guarded.h"
#include "services/context.h"

namespace dew::sts {

// docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
inline constexpr size_t kSessionPolicies = 10;
inline constexpr size_t kSweep = 64;
inline constexpr size_t kMaxSessions = 100'000;  // live at one time; AssumeRole refuses beyond it

struct Session {
  aws::Credential credential;
  int64_t expires_ms = 0;
};

class Service final : public aws::CredentialSource {
 public:
  explicit Service(const services::Context& context);

  // Where the users' long-term keys are looked up (iam's find_access_key). Before the first
  // request.
  using LongTermKeys =
      std::function<std::shared_ptr<const aws::Credential>(std::string_view access_key)>;
  void set_long_term_keys(LongTermKeys keys) { long_term_keys_ = std::move(keys); }

  std::shared_ptr<const aws::Credential> find(std::string_view access_key) override;

  void register_operations(aws::Registry& registry);

  // Null: no such key, or expired.
  std::shared_ptr<const Session> find_session(std::string_view access_key_id) const;

 private:
  struct Sessions {
    std::map<std::string, std::shared_ptr<const Session>, std::less<>> by_key;
    std::multimap<int64_t, std::string> by_expiry;
  };

  aws::ApiResult<json::Value> get_caller_identity(aws::Call& call);
  aws::ApiResult<json::Value> assume_role(aws::Call& call);
  aws::ApiResult<json::Value> get_session_token(aws::Call& call);
  aws::ApiResult<json::Value> get_access_key_info(aws::Call& call);
  aws::ApiResult<std::shared_ptr<const aws::Session>> session_of(const json::Object& input) const;
  // Stores a session and renders it as the API's Credentials.
  aws::ApiResult<json::Object> issue(aws::Identity identity, int64_t seconds);

  services::Context context_;
  LongTermKeys long_term_keys_;
  Guarded<Sessions> sessions_;
};

}  // namespace dew::sts
