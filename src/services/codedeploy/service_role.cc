#include "services/codedeploy/service_role.h"

namespace dew::codedeploy {

namespace {

constexpr int64_t kSessionSeconds = 3600;
constexpr int64_t kFreshMs = 50 * 60 * 1000;
constexpr size_t kMaxSessions = 1000;
constexpr const char* kPrincipal = "codedeploy.amazonaws.com";

}  // namespace

aws::ApiResult<aws::Identity> ServiceRole::assume(const std::string& role_arn) {
  const auto now = context_.clock.now_ms();
  {
    const std::scoped_lock lock(mutex_);
    const auto it = sessions_.find(role_arn);
    if (it != sessions_.end() && it->second.until_ms > now) return it->second.identity;
  }
  aws::Identity service;
  service.account = context_.config.account;
  service.arn = kPrincipal;
  service.user_id = kPrincipal;
  TRY(const json::Value output, context_.caller.call(service, "sts", "AssumeRole",
                                                     {{"RoleArn", role_arn},
                                                      {"RoleSessionName", "CodeDeploy"},
                                                      {"DurationSeconds", kSessionSeconds}}));
  const auto* user = json::object_at(output.as_object(), "AssumedRoleUser");
  if (user == nullptr) {
    return aws::fail(Error{ErrorKind::kInternal, "sts:AssumeRole answered without a user"});
  }
  aws::Identity identity;
  identity.account = context_.config.account;
  identity.arn = json::string_or(*user, "Arn");
  identity.user_id = json::string_or(*user, "AssumedRoleId");
  auto session = std::make_shared<aws::Session>();
  session->issued_seconds = now / 1000;
  identity.session = std::move(session);
  const std::scoped_lock lock(mutex_);
  if (sessions_.size() >= kMaxSessions) sessions_.clear();
  sessions_[role_arn] = {identity, now + kFreshMs};
  return identity;
}

}  // namespace dew::codedeploy
