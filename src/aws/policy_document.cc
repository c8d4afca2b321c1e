#include "aws/policy_document.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace dew::aws {

namespace {

std::unexpected<ApiError> malformed(std::string message) {
  return fail("MalformedPolicyDocument", std::move(message), 400);
}

bool is_alnum(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

// A string, or an array of strings; `check` gets each.
template <class Check>
ApiResult<void> each_string(const json::Value& value, Check&& check) {
  if (value.is_string()) return check(json::view(value.as_string()));
  if (!value.is_array()) return malformed("Syntax errors in policy.");
  for (const auto& item : value.as_array()) {
    if (!item.is_string()) return malformed("Syntax errors in policy.");
    CHECK_OK(check(json::view(item.as_string())));
  }
  return {};
}

ApiResult<void> check_action(std::string_view action) {
  if (action == "*") return {};
  const auto colon = action.find(':');
  if (colon == std::string_view::npos) {
    return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  const auto vendor = action.substr(0, colon);
  const bool plain = std::ranges::all_of(vendor, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (vendor.empty() || !plain) {
    return malformed("Vendor " + std::string(vendor) + " is not valid");
  }
  if (action.substr(colon + 1).find(':') != std::string_view::npos) {
    return malformed("Actions/Condition can contain only one colon.");
  }
  return {};
}

ApiResult<void> check_resource(std::string_view resource) {
  if (resource == "*") return {};
  if (resource.starts_with("arn:")) {
    size_t colons = 0;
    for (const char c : resource) colons += c == ':' ? 1 : 0;
    if (colons >= 5 || resource.find('*') != std::string_view::npos) return {};
    return malformed("The policy failed legacy parsing");
  }
  if (resource.starts_with("*")) return {};
  return malformed("Resource " + std::string(resource) + " must be in ARN format or \"*\".");
}

ApiResult<void> check_principal(const json::Value& principal) {
  if (principal.is_string()) {
    if (principal.as_string() == "*") return {};
    return malformed("Invalid principal in policy.");
  }
  if (!principal.is_object()) return malformed("Syntax errors in policy.");
  static constexpr std::array<std::string_view, 4> kKinds = {"AWS", "Service", "Federated",
                                                             "CanonicalUser"};
  if (principal.as_object().empty()) return malformed("Missing required field Principal");
  for (const auto& [kind, value] : principal.as_object()) {
    if (std::ranges::find(kKinds, std::string_view(kind)) == kKinds.end()) {
      return malformed("Invalid principal in policy: \"" + std::string(kind) + "\"");
    }
    CHECK_OK(each_string(value, [](std::string_view text) -> ApiResult<void> {
      if (text.empty()) return malformed("Invalid principal in policy.");
      return {};
    }));
  }
  return {};
}

ApiResult<void> check_condition(const json::Value& condition) {
  if (!condition.is_object()) return malformed("Syntax errors in policy.");
  for (const auto& [op, keys] : condition.as_object()) {
    if (op.empty() || !keys.is_object()) return malformed("Syntax errors in policy.");
    for (const auto& [key, values] : keys.as_object()) {
      const auto scalar = [](const json::Value& v) {
        return v.is_string() || v.is_bool() || v.is_number();
      };
      const bool fine =
          scalar(values) || (values.is_array() && std::ranges::all_of(values.as_array(), scalar));
      if (key.empty() || !fine) return malformed("Syntax errors in policy.");
    }
  }
  return {};
}

// One of two members, not both; absent is told by the caller.
ApiResult<const json::Value*> one_of(const json::Object& statement, std::string_view name,
                                     std::string_view negated) {
  const auto* plain = json::find(statement, name);
  const auto* inverse = json::find(statement, negated);
  if (plain != nullptr && inverse != nullptr) return malformed("Syntax errors in policy.");
  return plain != nullptr ? plain : inverse;
}

ApiResult<void> check_statement(const json::Object& statement, PolicyKind kind,
                                std::set<std::string>& sids) {
  static constexpr std::array<std::string_view, 9> kMembers = {
      "Sid",          "Effect",   "Action",      "NotAction", "Principal",
      "NotPrincipal", "Resource", "NotResource", "Condition"};
  for (const auto& [name, value] : statement) {
    if (std::ranges::find(kMembers, std::string_view(name)) == kMembers.end()) {
      return malformed("Syntax errors in policy.");
    }
  }
  if (const auto* sid = json::find(statement, "Sid")) {
    if (!sid->is_string()) return malformed("Syntax errors in policy.");
    const auto text = json::str(*sid);
    // A bucket's policy may use any characters; an identity's may not.
    if (kind != PolicyKind::kResource && !is_alnum(text)) {
      return malformed(
          "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
          "expression [0-9A-Za-z]*");
    }
    if (!text.empty() && !sids.insert(text).second) {
      return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
  }
  const auto* effect = json::find(statement, "Effect");
  if (effect == nullptr) return malformed("Missing required field Effect");
  if (!effect->is_string() || (effect->as_string() != "Allow" && effect->as_string() != "Deny")) {
    return malformed("Syntax errors in policy.");
  }

  TRY(const auto* action, one_of(statement, "Action", "NotAction"));
  if (action == nullptr) return malformed("Missing required field Action");
  CHECK_OK(each_string(*action, check_action));
  if (action->is_array() && action->as_array().empty()) {
    return malformed("Policy statement must contain actions.");
  }

  TRY(const auto* resource, one_of(statement, "Resource", "NotResource"));
  if (kind == PolicyKind::kTrust) {
    if (resource != nullptr) return malformed("Has prohibited field Resource");
  } else if (resource == nullptr) {
    return malformed("Policy statement must contain resources.");
  } else {
    if (resource->is_array() && resource->as_array().empty()) {
      return malformed("Policy statement must contain resources.");
    }
    CHECK_OK(each_string(*resource, check_resource));
  }

  TRY(const auto* principal, one_of(statement, "Principal", "NotPrincipal"));
  if (kind == PolicyKind::kIdentity) {
    if (principal != nullptr) return malformed("Policy document should not specify a principal.");
  } else if (principal == nullptr) {
    return malformed("Missing required field Principal");
  } else {
    CHECK_OK(check_principal(*principal));
  }
  if (const auto* condition = json::find(statement, "Condition")) {
    CHECK_OK(check_condition(*condition));
  }
  return {};
}

}  // namespace

ApiResult<json::Object> parse_policy_document(std::string_view text, PolicyKind kind) {
  auto parsed = json::parse(text);
  if (!parsed) return malformed("This policy contains invalid Json");
  if (!parsed->is_object()) return malformed("Syntax errors in policy.");
  auto& document = parsed->as_object();
  for (const auto& [name, value] : document) {
    if (name != "Version" && name != "Id" && name != "Statement") {
      return malformed("Syntax errors in policy.");
    }
  }
  if (const auto* version = json::find(document, "Version")) {
    if (!version->is_string() ||
        (version->as_string() != "2012-10-17" && version->as_string() != "2008-10-17")) {
      return malformed("Syntax errors in policy.");
    }
  }
  if (const auto* id = json::find(document, "Id"); id != nullptr && !id->is_string()) {
    return malformed("Syntax errors in policy.");
  }
  auto* statements = document.if_contains("Statement");
  if (statements == nullptr) return malformed("Syntax errors in policy.");
  std::set<std::string> sids;
  if (statements->is_object()) {
    CHECK_OK(check_statement(statements->as_object(), kind, sids));
  } else if (statements->is_array() && !statements->as_array().empty()) {
    for (const auto& statement : statements->as_array()) {
      if (!statement.is_object()) return malformed("Syntax errors in policy.");
      CHECK_OK(check_statement(statement.as_object(), kind, sids));
    }
  } else {
    return malformed("Syntax errors in policy.");
  }
  return std::move(document);
}

}  // namespace dew::aws
