#include "services/lambda/credentials.h"

namespace dew::lambda {
namespace {

constexpr int64_t kSessionSeconds = 3600;
// Cached ones with less left than this are not given to new environments.
constexpr int64_t kFreshMs = 30 * 60 * 1000;
constexpr size_t kMaxCached = 10'000;

}  // namespace

aws::ApiResult<RoleCredentials> Credentials::get(const std::string& role,
                                                 const std::string& session) {
  const auto now = context_.clock.now_ms();
  {
    const std::scoped_lock lock(mutex_);
    const auto it = cache_.find(std::pair(role, session));
    if (it != cache_.end() && it->second.expires_ms - now > kFreshMs) return it->second;
  }
  return renew(role, session);
}

aws::ApiResult<RoleCredentials> Credentials::renew(const std::string& role,
                                                   const std::string& session) {
  const auto now = context_.clock.now_ms();
  aws::Identity service;
  service.account = context_.config.account;
  service.arn = "lambda.amazonaws.com";
  service.user_id = "lambda.amazonaws.com";
  // sts wants two characters at least; a function's name may be one.
  const std::string name = session.size() < 2 ? session + "-" : session;
  TRY(const json::Value output,
      context_.caller.call(
          service, "sts", "AssumeRole",
          {{"RoleArn", role}, {"RoleSessionName", name}, {"DurationSeconds", kSessionSeconds}}));
  const auto* given =
      output.is_object() ? json::object_at(output.as_object(), "Credentials") : nullptr;
  if (given == nullptr) {
    return aws::fail(Error{ErrorKind::kInternal, "sts:AssumeRole answered without credentials"});
  }
  RoleCredentials credentials{.access_key = json::string_or(*given, "AccessKeyId"),
                              .secret_key = json::string_or(*given, "SecretAccessKey"),
                              .session_token = json::string_or(*given, "SessionToken"),
                              .expires_ms = now + (kSessionSeconds * 1000)};
  const std::scoped_lock lock(mutex_);
  if (cache_.size() >= kMaxCached) cache_.clear();
  cache_[std::pair(role, session)] = credentials;
  return credentials;
}

}  // namespace dew::lambda
