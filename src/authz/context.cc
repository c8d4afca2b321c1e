#include "authz/context.h"

#include <algorithm>

namespace dew::authz {

namespace {

using Kind = policy::Principal::Kind;

bool put(std::string_view value, policy::Values& out) {
  if (value.empty()) return false;
  out.emplace_back(value);
  return true;
}

std::string_view principal_type(Kind kind) {
  switch (kind) {
    case Kind::kRoot:
      return "Account";
    case Kind::kUser:
      return "User";
    case Kind::kRoleSession:
      return "AssumedRole";
    case Kind::kAnonymous:
      return "Anonymous";
    case Kind::kService:
      break;
  }
  return {};
}

// 127.0.0.0/8 and ::1, also mapped into IPv6.
bool is_loopback(std::string_view address) {
  if (address.starts_with("::ffff:")) address.remove_prefix(7);
  return address == "::1" || address.starts_with("127.");
}

// "MAP/rest" of a key.
bool strip(std::string_view& key, std::string_view prefix) {
  if (!key.starts_with(prefix)) return false;
  key.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> request_tags(const json::Object& input) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto* member : {"Tags", "tags"}) {
    const auto* tags = json::find(input, member);
    if (tags == nullptr) continue;
    if (tags->is_object()) {
      for (const auto& [key, value] : tags->as_object()) {
        if (value.is_string()) out.emplace_back(std::string(key), json::str(value));
      }
    } else if (tags->is_array()) {
      for (const auto& tag : tags->as_array()) {
        if (!tag.is_object()) continue;
        out.emplace_back(json::string_or(tag.as_object(), "Key"),
                         json::string_or(tag.as_object(), "Value"));
      }
    }
  }
  return out;
}

bool RequestContext::get(std::string_view key, policy::Values& out) const {
  if (key.starts_with("aws:")) return global(key, out);
  if (key.find("tag/") != key.npos && about_resource(key, out)) return true;
  if (key == "iam:passedtoservice") return put(check_->passed_to, out);
  return check_->keys != nullptr && check_->keys(scope_, *check_, key, out);
}

bool RequestContext::global(std::string_view key, policy::Values& out) const {
  return about_caller(key, out) || about_request(key, out) || about_resource(key, out);
}

bool RequestContext::about_caller(std::string_view key, policy::Values& out) const {
  const auto& who = caller_.principal;
  const auto* session = scope_.call.identity.session.get();
  if (key == "aws:principalarn") {
    return put(who.kind == Kind::kRoleSession ? who.role_arn : who.arn, out);
  }
  if (key == "aws:principalaccount") return put(who.account, out);
  if (key == "aws:principaltype") return put(principal_type(who.kind), out);
  if (key == "aws:userid") {
    return who.kind != Kind::kAnonymous && put(scope_.call.identity.user_id, out);
  }
  if (key == "aws:username") return put(caller_.name, out);
  if (key == "aws:principalisawsservice") {
    return put(who.kind == Kind::kService ? "true" : "false", out);
  }
  if (key == "aws:principalservicename") {
    return who.kind == Kind::kService && put(who.arn, out);
  }
  if (key == "aws:tokenissuetime") {
    if (session == nullptr) return false;
    out.push_back(std::to_string(session->issued_seconds));
    return true;
  }
  if (strip(key, "aws:principaltag/")) {
    if (session != nullptr) {
      for (const auto& [name, value] : session->tags) {
        if (policy::lower(name) == key) return put(value, out);
      }
    }
    if (caller_.attached == nullptr) return false;
    const auto it = caller_.attached->tags.find(key);
    if (it == caller_.attached->tags.end()) return false;
    out.push_back(it->second);
    return true;
  }
  return false;
}

// Which tags a key stands for, by what it asks about. S3's general purpose buckets have no
// aws:ResourceTag unless that is turned on for them, which cannot be done here; "do not use the
// ResourceTag condition key in a policy with the iam:PassRole action", says
// docs.aws.amazon.com/IAM/latest/UserGuide/access_iam-tags.html.
bool RequestContext::about_resource(std::string_view key, policy::Values& out) const {
  const std::string_view arn = check_->resource;
  const auto of = [&](std::string_view service) {
    constexpr std::string_view kPrefix = "arn:aws:";
    return arn.starts_with(kPrefix) && arn.substr(kPrefix.size()).starts_with(service);
  };
  if (strip(key, "aws:resourcetag/")) {
    if (of("s3:") || check_->action == "iam:PassRole") return false;
  } else if (strip(key, "iam:resourcetag/")) {
    if (!of("iam:") || check_->action == "iam:PassRole") return false;
  } else if (strip(key, "ssm:resourcetag/")) {
    if (!of("ssm:")) return false;
  } else if (strip(key, "s3:existingobjecttag/")) {
    const auto& action = check_->action;
    if (!action.starts_with("s3:GetObject") && !action.ends_with("Tagging")) return false;
  } else {
    return false;
  }
  if (!tags_) tags_ = scope_.sources.tags(arn, check_->version);
  for (const auto& [name, value] : *tags_) {
    if (policy::lower(name) != key) continue;
    out.push_back(value);
    return true;
  }
  return false;
}

bool RequestContext::about_request(std::string_view key, policy::Values& out) const {
  const auto* http = scope_.call.http;
  if (key == "aws:sourceip") return http != nullptr && put(http->remote_address, out);
  if (key == "aws:securetransport") {
    // What stays on this machine cannot be listened to on the way.
    out.emplace_back(http == nullptr || is_loopback(http->remote_address) ? "true" : "false");
    return true;
  }
  if (key == "aws:useragent") return http != nullptr && put(http->headers.get("user-agent"), out);
  if (key == "aws:referer") return http != nullptr && put(http->headers.get("referer"), out);
  if (key == "aws:currenttime" || key == "aws:epochtime") {
    out.push_back(std::to_string(clock_.now_ms() / 1000));
    return true;
  }
  if (key == "aws:requestedregion") {
    const auto& service = scope_.call.service;
    return put(service == "iam" ? std::string_view("us-east-1") : scope_.call.region, out);
  }
  if (key == "aws:resourceaccount") return put(scope_.account, out);
  if (key == "aws:viaawsservice") return put(http == nullptr ? "true" : "false", out);
  if (key == "aws:tagkeys") {
    for (auto& [name, value] : request_tags(scope_.input())) out.push_back(name);
    for (const auto* member : {"TagKeys", "tagKeys"}) {
      const auto* keys = json::array_at(scope_.input(), member);
      if (keys == nullptr) continue;
      for (const auto& one : *keys) {
        if (one.is_string()) out.push_back(json::str(one));
      }
    }
    return !out.empty();
  }
  if (strip(key, "aws:requesttag/")) {
    for (auto& [name, value] : request_tags(scope_.input())) {
      if (policy::lower(name) != key) continue;
      out.push_back(value);
      return true;
    }
  }
  return false;
}

}  // namespace dew::authz
