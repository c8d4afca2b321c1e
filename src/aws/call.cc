#include "aws/call.h"

#include "aws/credentials.h"
#include "base/log.h"

namespace dew::aws {

json::Object to_json(const Identity& identity) {
  json::Object out{
      {"account", identity.account}, {"arn", identity.arn}, {"user_id", identity.user_id}};
  if (identity.session == nullptr) return out;
  json::Array policies;
  for (const auto& policy : identity.session->policies) policies.emplace_back(policy->source());
  json::Object tags;
  for (const auto& [key, value] : identity.session->tags) tags[key] = value;
  out["session"] = json::Object{{"issued", identity.session->issued_seconds},
                                {"limited", identity.session->limited},
                                {"policies", std::move(policies)},
                                {"tags", std::move(tags)}};
  return out;
}

Identity identity_from_json(const json::Object& record) {
  Identity out{json::string_or(record, "account"), json::string_or(record, "arn"),
               json::string_or(record, "user_id"), ""};
  const auto* stored = json::object_at(record, "session");
  if (stored == nullptr) return out;
  auto session = std::make_shared<Session>();
  session->issued_seconds = json::int_at(*stored, "issued").value_or(0);
  session->limited = json::bool_at(*stored, "limited").value_or(false);
  if (const auto* policies = json::array_at(*stored, "policies")) {
    for (const auto& text : *policies) {
      auto policy = policy::Policy::parse(json::view(text.as_string()), policy::Kind::kIdentity);
      if (policy) {
        session->policies.push_back(*std::move(policy));
      } else {
        log::error("a stored session policy cannot be read: {}", policy.error().message);
      }
    }
  }
  if (const auto* tags = json::object_at(*stored, "tags")) {
    for (const auto& [key, value] : *tags) session->tags[std::string(key)] = json::str(value);
  }
  out.session = std::move(session);
  return out;
}

ApiResult<void> Call::may(std::string_view operation_name, const json::Object& what) const {
  if (authorizer == nullptr) return {};
  return authorizer->authorize_as(*this, operation_name, what);
}

}  // namespace dew::aws
