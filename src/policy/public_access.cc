#include "policy/public_access.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "json/json.h"
#include "policy/pattern.h"

namespace dew::policy {

namespace {

// Networks wider than these count as everybody.
constexpr int kWidestV4 = 8;
constexpr int kWidestV6 = 32;

bool is_fixed(std::string_view value) {
  return value.find_first_of("*?") == value.npos && value.find("${") == value.npos;
}

bool is_narrow_network(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return !text.empty();
  int bits = 0;
  const auto digits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  return bits >= (text.find(':') == text.npos ? kWidestV4 : kWidestV6);
}

// An access point's ARN may leave its name open, not its account.
// arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME
bool has_fixed_account(std::string_view arn) {
  std::array<std::string_view, 6> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto colon = i + 1 < parts.size() ? arn.find(':') : arn.npos;
    if (i + 1 < parts.size() && colon == arn.npos) return false;
    parts[i] = arn.substr(0, colon);
    if (colon != arn.npos) arn.remove_prefix(colon + 1);
  }
  return !parts[4].empty() && is_fixed(parts[4]);
}

// What a value of a condition key must be to say who asks.
bool narrows(std::string_view key, std::string_view value) {
  static constexpr std::array<std::string_view, 12> kFixed = {"aws:sourcearn",
                                                              "aws:sourcevpc",
                                                              "aws:sourcevpce",
                                                              "aws:sourceowner",
                                                              "aws:sourceaccount",
                                                              "aws:principalorgid",
                                                              "aws:principalarn",
                                                              "aws:principalaccount",
                                                              "aws:userid",
                                                              "s3:dataaccesspointaccount",
                                                              "s3:dataaccesspointarn",
                                                              "aws:sourceip"};
  if (std::ranges::find(kFixed, key) == kFixed.end()) return false;
  if (key == "aws:sourceip") return is_narrow_network(value);
  if (key == "s3:dataaccesspointarn") return has_fixed_account(value);
  // "AROLEID:*": whoever assumes the role.
  if (key == "aws:userid" && value.ends_with(":*")) return false;
  return is_fixed(value);
}

// Whether the operator holds for the values listed and for no others.
bool selects(std::string_view name) {
  if (name.starts_with("ForAllValues:")) return false;  // holds without the key, too
  if (name.starts_with("ForAnyValue:")) name.remove_prefix(std::string_view("ForAnyValue:").size());
  static constexpr std::array<std::string_view, 6> kOperators = {
      "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"};
  return std::ranges::find(kOperators, name) != kOperators.end();
}

bool is_limited(const json::Object& statement) {
  const auto* conditions = json::object_at(statement, "Condition");
  if (conditions == nullptr) return false;
  for (const auto& [name, keys] : *conditions) {
    if (!selects(name) || !keys.is_object()) continue;
    for (const auto& [key, values] : keys.as_object()) {
      const auto fine = [&](const json::Value& value) {
        return value.is_string() && narrows(lower(key), json::view(value.as_string()));
      };
      const bool all = values.is_array() ? !values.as_array().empty() &&
                                               std::ranges::all_of(values.as_array(), fine)
                                         : fine(values);
      if (all) return true;
    }
  }
  return false;
}

bool names_everyone(const json::Value& principal) {
  if (principal.is_string()) return !is_fixed(json::view(principal.as_string()));
  if (!principal.is_object()) return true;
  const auto open = [](const json::Value& value) {
    return !value.is_string() || !is_fixed(json::view(value.as_string()));
  };
  for (const auto& [kind, value] : principal.as_object()) {
    if (value.is_array() ? std::ranges::any_of(value.as_array(), open) : open(value)) return true;
  }
  return false;
}

bool is_public(const json::Object& statement) {
  if (json::string_or(statement, "Effect") != "Allow") return false;
  const auto* principal = json::find(statement, "Principal");
  // NotPrincipal allows everybody else.
  if (principal != nullptr && !names_everyone(*principal)) return false;
  return !is_limited(statement);
}

}  // namespace

bool grants_public_access(std::string_view document) {
  const auto parsed = json::parse(document);
  if (!parsed || !parsed->is_object()) return true;
  const auto* statements = json::find(parsed->as_object(), "Statement");
  if (statements == nullptr) return true;
  if (statements->is_object()) return is_public(statements->as_object());
  if (!statements->is_array()) return true;
  return std::ranges::any_of(statements->as_array(), [](const json::Value& one) {
    return !one.is_object() || is_public(one.as_object());
  });
}

}  // namespace dew::policy
