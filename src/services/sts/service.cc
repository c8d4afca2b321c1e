#include "services/sts/service.h"

#include "base/encoding.h"
#include "base/ids.h"
#include "services/records.h"

namespace dew::sts {

namespace {

store::Key session_key(std::string_view access_key) {
  return store::Key("sts").add("session").add(access_key);
}

json::Object to_record(const Session& session) {
  auto record = aws::to_json(session.credential.identity);
  record["secret"] = session.credential.secret;
  record["token"] = session.credential.session_token;
  record["expires_ms"] = session.expires_ms;
  return record;
}

Session from_record(const json::Object& record, std::string_view access_key) {
  Session session;
  auto& credential = session.credential;
  credential.secret = json::string_or(record, "secret");
  credential.session_token = json::string_or(record, "token");
  credential.identity = aws::identity_from_json(record);
  credential.identity.access_key = access_key;
  session.expires_ms = json::int_at(record, "expires_ms").value_or(0);
  return session;
}

}  // namespace

Service::Service(const services::Context& context) : context_(context) {
  const auto prefix = store::Key("sts").add("session");
  const auto loaded = services::scan(
      context_.store, prefix, {}, [&](std::string_view key, const json::Object& record) {
        const auto id = store::KeyReader(key.substr(prefix.str().size())).text();
        if (!id) return true;
        sessions_.with([&](Sessions& sessions) {
          auto session = std::make_shared<const Session>(from_record(record, *id));
          sessions.by_expiry.emplace(session->expires_ms, *id);
          sessions.by_key.emplace(*id, std::move(session));
        });
        return true;
      });
  if (!loaded) log::error("sts: cannot read the stored sessions: {}", loaded.error().message);
}

void Service::register_operations(aws::Registry& registry) {
  using Method = aws::ApiResult<json::Value> (Service::*)(aws::Call&);
  const auto add = [&](const char* name, Method method) {
    registry.add("sts", name, aws::Run::kInline,
                 [this, method](aws::Call& call) { return (this->*method)(call); });
  };
  add("GetCallerIdentity", &Service::get_caller_identity);
  add("AssumeRole", &Service::assume_role);
  add("GetSessionToken", &Service::get_session_token);
  add("GetAccessKeyInfo", &Service::get_access_key_info);
}

std::shared_ptr<const aws::Credential> Service::find(std::string_view access_key) {
  if (auto session = find_session(access_key)) {
    const auto* credential = &session->credential;
    return {std::move(session), credential};
  }
  return long_term_keys_ ? long_term_keys_(access_key) : nullptr;
}

std::shared_ptr<const Session> Service::find_session(std::string_view access_key_id) const {
  if (!access_key_id.starts_with("ASIA")) return nullptr;
  const auto now = context_.clock.now_ms();
  return sessions_.read([&](const Sessions& sessions) -> std::shared_ptr<const Session> {
    const auto it = sessions.by_key.find(access_key_id);
    if (it == sessions.by_key.end() || it->second->expires_ms <= now) return nullptr;
    return it->second;
  });
}

aws::ApiResult<json::Object> Service::issue(aws::Identity identity, int64_t seconds) {
  const auto now = context_.clock.now_ms();
  Session session;
  auto& credential = session.credential;
  credential.secret = base64_encode(random_bytes(30));
  credential.session_token = base64_encode(random_bytes(96));
  session.expires_ms = now + seconds * 1000;
  const auto id = std::string(aws::kSessionKeyPrefix) + random_upper_alnum(13);
  identity.access_key = id;
  credential.identity = std::move(identity);

  store::Batch batch;
  services::save(batch, session_key(id), to_record(session));
  const bool room = sessions_.with([&](Sessions& sessions) {
    for (size_t i = 0; i < kSweep && !sessions.by_expiry.empty(); ++i) {
      const auto oldest = sessions.by_expiry.begin();
      if (oldest->first > now) break;
      batch.erase(session_key(oldest->second));
      sessions.by_key.erase(oldest->second);
      sessions.by_expiry.erase(oldest);
    }
    if (sessions.by_key.size() >= kMaxSessions) return false;
    sessions.by_expiry.emplace(session.expires_ms, id);
    sessions.by_key.emplace(id, std::make_shared<const Session>(session));
    return true;
  });
  if (!room) return aws::fail("Throttling", "Too many sessions are alive", 429);
  CHECK_OK(context_.store.commit(batch));
  return json::Object{{"AccessKeyId", id},
                      {"SecretAccessKey", credential.secret},
                      {"SessionToken", credential.session_token},
                      {"Expiration", session.expires_ms / 1000}};
}

aws::ApiResult<json::Value> Service::get_caller_identity(aws::Call& call) {
  return json::Object{{"UserId", call.identity.user_id},
                      {"Account", call.identity.account},
                      {"Arn", call.identity.arn}};
}

// The session's policies and tags. Managed policies are what they are at this moment.
aws::ApiResult<std::shared_ptr<const aws::Session>> Service::session_of(
    const json::Object& input) const {
  auto out = std::make_shared<aws::Session>();
  out->issued_seconds = context_.clock.now_ms() / 1000;
  const auto add = [&](std::string_view text) -> aws::ApiResult<void> {
    auto policy = policy::Policy::parse(text, policy::Kind::kIdentity);
    if (!policy) return aws::fail("MalformedPolicyDocument", policy.error().message);
    out->limited = true;
    out->policies.push_back(*std::move(policy));
    return {};
  };
  if (const auto text = json::string_at(input, "Policy")) CHECK_OK(add(*text));
  if (const auto* arns = json::array_at(input, "PolicyArns")) {
    if (arns->size() > kSessionPolicies) {
      return aws::fail("ValidationError",
                       "1 validation error detected: Value at 'policyArns' "
                       "failed to satisfy constraint: Member must have length "
                       "less than or equal to 10");
    }
    for (const auto& one : *arns) {
      const auto arn = json::string_or(one.as_object(), "arn");
      TRY(const auto policy, context_.caller.call({}, "iam", "GetPolicy", {{"PolicyArn", arn}}));
      const auto version =
          json::string_or(*json::object_at(policy.as_object(), "Policy"), "DefaultVersionId");
      TRY(const auto found, context_.caller.call({}, "iam", "GetPolicyVersion",
                                                 {{"PolicyArn", arn}, {"VersionId", version}}));
      const auto document = url_decode(
          json::string_or(*json::object_at(found.as_object(), "PolicyVersion"), "Document"));
      CHECK_OK(add(document.value_or("")));
    }
  }
  if (const auto* tags = json::array_at(input, "Tags")) {
    for (const auto& tag : *tags) {
      out->tags[json::string_or(tag.as_object(), "Key")] =
          json::string_or(tag.as_object(), "Value");
    }
  }
  return out;
}

aws::ApiResult<json::Value> Service::assume_role(aws::Call& call) {
  const auto arn = json::string_or(call.input, "RoleArn");
  const auto session = json::string_or(call.input, "RoleSessionName");
  for (const auto* member : {"TransitiveTagKeys", "SerialNumber", "TokenCode", "SourceIdentity"}) {
    if (call.input.contains(member)) {
      return aws::fail(aws::ApiError::unsupported(fmt::format("AssumeRole with {}", member)));
    }
  }
  const auto denied = [&] {
    return aws::fail("AccessDenied",
                     fmt::format("User: {} is not authorized to perform: sts:AssumeRole on "
                                 "resource: {}",
                                 call.identity.arn, arn),
                     403);
  };
  const auto prefix = fmt::format("arn:aws:iam::{}:role/", context_.config.account);
  if (!arn.starts_with(prefix)) return denied();
  const auto name = arn.substr(arn.rfind('/') + 1);
  const auto found = context_.caller.call({}, "iam", "GetRole", {{"RoleName", name}});
  if (!found) {
    if (found.error().status >= 500) return std::unexpected(found.error());
    return denied();
  }
  const auto* role = json::object_at(found->as_object(), "Role");
  if (role == nullptr || json::string_or(*role, "Arn") != arn) return denied();

  const auto seconds = json::int_at(call.input, "DurationSeconds").value_or(3600);
  if (seconds < 900) {
    return aws::fail("ValidationError",
                     fmt::format("1 validation error detected: Value '{}' at 'durationSeconds' "
                                 "failed to satisfy constraint: Member must have value greater "
                                 "than or equal to 900",
                                 seconds));
  }
  if (seconds > json::int_at(*role, "MaxSessionDuration").value_or(3600)) {
    return aws::fail("ValidationError",
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                     "role.");
  }
  const auto id = json::string_or(*role, "RoleId") + ":" + session;
  const auto assumed = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", context_.config.account,
                                   json::string_or(*role, "RoleName"), session);
  aws::Identity identity{context_.config.account, assumed, id, ""};
  TRY(identity.session, session_of(call.input));
  TRY(auto credentials, issue(std::move(identity), seconds));
  return json::Object{{"Credentials", std::move(credentials)},
                      {"AssumedRoleUser", json::Object{{"AssumedRoleId", id}, {"Arn", assumed}}}};
}

aws::ApiResult<json::Value> Service::get_session_token(aws::Call& call) {
  if (call.input.contains("SerialNumber") || call.input.contains("TokenCode")) {
    return aws::fail(aws::ApiError::unsupported("GetSessionToken with a multi-factor device"));
  }
  if (call.identity.arn.find(":assumed-role/") != std::string::npos) {
    return aws::fail("AccessDenied", "Cannot call GetSessionToken with session credentials", 403);
  }
  // The root user's sessions last an hour at most, says the API reference.
  const int64_t longest = call.identity.arn.ends_with(":root") ? 3600 : 129'600;
  const auto seconds =
      std::min(longest, json::int_at(call.input, "DurationSeconds").value_or(43'200));
  auto identity = call.identity;
  auto details = std::make_shared<aws::Session>();
  details->issued_seconds = context_.clock.now_ms() / 1000;
  identity.session = std::move(details);
  TRY(auto credentials, issue(std::move(identity), seconds));
  return json::Object{{"Credentials", std::move(credentials)}};
}

aws::ApiResult<json::Value> Service::get_access_key_info(aws::Call&) {
  return json::Object{{"Account", context_.config.account}};
}

}  // namespace dew::sts
