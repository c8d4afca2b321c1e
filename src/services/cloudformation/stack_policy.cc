#include "services/cloudformation/stack_policy.h"

#include <algorithm>

namespace dew::cloudformation {

namespace {

std::unexpected<aws::ApiError> bad(std::string_view what) {
  return invalid(fmt::format("Error validating stack policy: {}", what));
}

bool like(std::string_view pattern, std::string_view text) {
  // '*' any text, '?' one character; without recursion, as patterns are clients'.
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

ApiResult<std::vector<std::string>> one_or_more(const json::Value& value, std::string_view member) {
  std::vector<std::string> out;
  if (value.is_string()) {
    out.push_back(json::str(value));
  } else if (value.is_array()) {
    for (const auto& item : value.as_array()) {
      if (!item.is_string()) return bad(fmt::format("{} must be text or a list of texts", member));
      out.push_back(json::str(item));
    }
  }
  if (out.empty()) return bad(fmt::format("{} must be text or a list of texts", member));
  return out;
}

bool is_star_principal(const json::Value& value) {
  if (value.is_string()) return value.as_string() == "*";
  const auto* object = value.if_object();
  const auto* aws = object == nullptr ? nullptr : json::find(*object, "AWS");
  return aws != nullptr && object->size() == 1 && aws->is_string() && aws->as_string() == "*";
}

}  // namespace

ApiResult<StackPolicy::Statement> StackPolicy::parse_statement(const json::Value& value) {
  if (!value.is_object()) return bad("a Statement must be an object");
  Statement out;
  bool effect = false;
  bool principal = false;
  for (const auto& [name, member] : value.as_object()) {
    if (name == "Effect") {
      if (member != "Allow" && member != "Deny") return bad("Effect must be Allow or Deny");
      out.allow = member == "Allow";
      effect = true;
    } else if (name == "Principal") {
      if (!is_star_principal(member)) return bad("Principal must be \"*\"");
      principal = true;
    } else if (name == "Action" || name == "NotAction") {
      TRY(out.actions, one_or_more(member, json::view(name)));
      out.not_actions = name == "NotAction";
      for (const auto& action : out.actions) {
        if (!action.starts_with("Update:") && action != "*")
          return bad(fmt::format("Unknown action {}", action));
      }
    } else if (name == "Resource" || name == "NotResource") {
      TRY(out.resources, one_or_more(member, json::view(name)));
      out.not_resources = name == "NotResource";
    } else if (name == "Condition") {
      if (!member.is_object()) return bad("Condition must be an object");
      out.conditional = true;
      for (const auto& [test, keys] : member.as_object()) {
        if (test != "StringEquals" && test != "StringLike")
          return bad(fmt::format("Unknown condition {}", std::string(test)));
        if (!keys.is_object() || keys.as_object().size() != 1 ||
            !keys.as_object().contains("ResourceType")) {
          return bad("Condition must be on ResourceType");
        }
        TRY((test == "StringLike" ? out.types_like : out.types_equal),
            one_or_more(keys.as_object().at("ResourceType"), "ResourceType"));
      }
    } else if (name != "Sid") {
      return bad(fmt::format("Unknown member {}", std::string(name)));
    }
  }
  if (!effect || !principal || out.actions.empty() || out.resources.empty())
    return bad("a Statement must have Effect, Action, Principal and Resource");
  return out;
}

ApiResult<StackPolicy> StackPolicy::parse(std::string_view text) {
  if (text.size() > kStackPolicyBytes)
    return bad("Invalid stack policy: it is longer than 16384 bytes");
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->is_object()) return bad("Invalid stack policy");
  const auto* statements = json::find(parsed->as_object(), "Statement");
  if (statements == nullptr) return bad("Invalid stack policy: it has no Statement");
  StackPolicy out;
  if (statements->is_object()) {
    TRY(auto statement, parse_statement(*statements));
    out.statements_.push_back(std::move(statement));
  } else if (statements->is_array()) {
    for (const auto& value : statements->as_array()) {
      TRY(auto statement, parse_statement(value));
      out.statements_.push_back(std::move(statement));
    }
  }
  if (out.statements_.empty()) return bad("Invalid stack policy: it has no Statement");
  return out;
}

bool StackPolicy::matches(const Statement& statement, const Change& change) {
  const bool action = std::ranges::any_of(
      statement.actions, [&](const auto& pattern) { return like(pattern, change.action); });
  if (action == statement.not_actions) return false;
  const auto resource = "LogicalResourceId/" + std::string(change.logical_id);
  const bool named = std::ranges::any_of(
      statement.resources, [&](const auto& pattern) { return like(pattern, resource); });
  if (named == statement.not_resources) return false;
  if (!statement.conditional) return true;
  if (!statement.types_equal.empty() &&
      std::ranges::find(statement.types_equal, change.type) == statement.types_equal.end()) {
    return false;
  }
  return statement.types_like.empty() ||
         std::ranges::any_of(statement.types_like,
                             [&](const auto& pattern) { return like(pattern, change.type); });
}

std::string StackPolicy::denies(const Change& change) const {
  bool allowed = false;
  size_t number = 0;
  for (const auto& statement : statements_) {
    ++number;
    if (!matches(statement, change)) continue;
    if (!statement.allow) {
      return fmt::format(
          "Action denied by stack policy: Statement [#{}] does not allow [{}] for resource "
          "[LogicalResourceId/{}]",
          number, change.action, change.logical_id);
    }
    allowed = true;
  }
  if (allowed) return {};
  return fmt::format(
      "Action denied by stack policy: No statement allows [{}] for resource [LogicalResourceId/{}]",
      change.action, change.logical_id);
}

}  // namespace dew::cloudformation
