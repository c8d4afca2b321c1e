#include "policy/policy.h"

#include <algorithm>
#include <array>
#include <set>

namespace dew::policy {

namespace {

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

std::unexpected<Error> bad_syntax() { return malformed("Syntax errors in policy."); }

bool is_alnum(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

// A string, or an array of strings; `check` gets each.
template <class Check>
Result<void> each_string(const json::Value& value, Check&& check) {
  if (value.is_string()) return check(json::view(value.as_string()));
  if (!value.is_array()) return bad_syntax();
  for (const auto& item : value.as_array()) {
    if (!item.is_string()) return bad_syntax();
    CHECK_OK(check(json::view(item.as_string())));
  }
  return {};
}

Result<void> check_action(std::string_view action) {
  if (action == "*") return {};
  const auto colon = action.find(':');
  if (colon == std::string_view::npos) {
    return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  const auto vendor = action.substr(0, colon);
  const bool plain =
      std::ranges::all_of(vendor, [](char c) { return c == '-' || is_alnum({&c, 1}); });
  if (vendor.empty() || !plain) {
    return malformed("Vendor " + std::string(vendor) + " is not valid");
  }
  if (action.substr(colon + 1).find(':') != std::string_view::npos) {
    return malformed("Actions/Condition can contain only one colon.");
  }
  return {};
}

Result<void> check_resource(std::string_view resource) {
  if (resource == "*") return {};
  if (resource.starts_with("arn:")) {
    const auto colons = std::ranges::count(resource, ':');
    if (colons >= 5 || resource.find('*') != std::string_view::npos) return {};
    return malformed("The policy failed legacy parsing");
  }
  if (resource.starts_with("*")) return {};
  return malformed("Resource " + std::string(resource) + " must be in ARN format or \"*\".");
}

Result<void> check_principal(const json::Value& principal) {
  if (principal.is_string()) {
    if (principal.as_string() == "*") return {};
    return malformed("Invalid principal in policy.");
  }
  if (!principal.is_object()) return bad_syntax();
  static constexpr std::array<std::string_view, 4> kKinds = {"AWS", "Service", "Federated",
                                                             "CanonicalUser"};
  if (principal.as_object().empty()) return malformed("Missing required field Principal");
  for (const auto& [kind, value] : principal.as_object()) {
    if (std::ranges::find(kKinds, std::string_view(kind)) == kKinds.end()) {
      return malformed("Invalid principal in policy: \"" + std::string(kind) + "\"");
    }
    CHECK_OK(each_string(value, [](std::string_view text) -> Result<void> {
      if (text.empty()) return malformed("Invalid principal in policy.");
      return {};
    }));
  }
  return {};
}

// One of two members, not both; nullptr when both are absent.
Result<const json::Value*> one_of(const json::Object& statement, std::string_view name,
                                  std::string_view negated) {
  const auto* plain = json::find(statement, name);
  const auto* inverse = json::find(statement, negated);
  if (plain != nullptr && inverse != nullptr) return bad_syntax();
  return plain != nullptr ? plain : inverse;
}

template <class Visit>
void visit_strings(const json::Value& value, Visit&& visit) {
  if (value.is_string()) return visit(json::view(value.as_string()));
  for (const auto& item : value.as_array()) visit(json::view(item.as_string()));
}

}  // namespace

// The one reader of documents: checks and compiles in one pass, statement by statement.
struct Compiler {
  Policy& policy;
  Pattern::Variables variables = Pattern::Variables::kOff;
  std::set<std::string> sids;

  Result<void> document(const json::Object& document) {
    for (const auto& [name, value] : document) {
      if (name != "Version" && name != "Id" && name != "Statement") return bad_syntax();
    }
    if (const auto* version = json::find(document, "Version")) {
      if (!version->is_string() ||
          (version->as_string() != "2012-10-17" && version->as_string() != "2008-10-17")) {
        return bad_syntax();
      }
      if (version->as_string() == "2012-10-17") variables = Pattern::Variables::kOn;
    }
    if (const auto* id = json::find(document, "Id"); id != nullptr && !id->is_string()) {
      return bad_syntax();
    }
    const auto* statements = document.if_contains("Statement");
    if (statements == nullptr) return bad_syntax();
    if (statements->is_object()) return statement(statements->as_object());
    if (!statements->is_array() || statements->as_array().empty()) return bad_syntax();
    for (const auto& one : statements->as_array()) {
      if (!one.is_object()) return bad_syntax();
      CHECK_OK(statement(one.as_object()));
    }
    return {};
  }

  Result<void> statement(const json::Object& source) {
    static constexpr std::array<std::string_view, 9> kMembers = {
        "Sid",          "Effect",   "Action",      "NotAction", "Principal",
        "NotPrincipal", "Resource", "NotResource", "Condition"};
    for (const auto& [name, value] : source) {
      if (std::ranges::find(kMembers, std::string_view(name)) == kMembers.end()) {
        return bad_syntax();
      }
    }
    CHECK_OK(sid(source));
    Policy::Statement out;
    const auto* effect = json::find(source, "Effect");
    if (effect == nullptr) return malformed("Missing required field Effect");
    if (!effect->is_string() || (effect->as_string() != "Allow" && effect->as_string() != "Deny")) {
      return bad_syntax();
    }
    out.denies = effect->as_string() == "Deny";
    CHECK_OK(actions(source, out));
    CHECK_OK(resources(source, out));
    CHECK_OK(principal(source, out));
    if (const auto* condition = json::find(source, "Condition")) {
      CHECK_OK(conditions(*condition, out));
    }
    policy.statements_.push_back(std::move(out));
    return {};
  }

  Result<void> sid(const json::Object& source) {
    const auto* sid = json::find(source, "Sid");
    if (sid == nullptr) return {};
    if (!sid->is_string()) return bad_syntax();
    const auto text = json::str(*sid);
    // A bucket's policy may use any characters; an identity's may not.
    if (policy.kind_ != Kind::kResource && !is_alnum(text)) {
      return malformed(
          "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
          "expression [0-9A-Za-z]*");
    }
    if (!text.empty() && !sids.insert(text).second) {
      return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
    return {};
  }

  Result<void> actions(const json::Object& source, Policy::Statement& out) {
    TRY(const auto* action, one_of(source, "Action", "NotAction"));
    if (action == nullptr) return malformed("Missing required field Action");
    CHECK_OK(each_string(*action, check_action));
    if (action->is_array() && action->as_array().empty()) {
      return malformed("Policy statement must contain actions.");
    }
    out.not_actions = source.contains("NotAction");
    visit_strings(*action, [&](std::string_view text) {
      out.actions.emplace_back(text, Pattern::Wildcards::kOn, Pattern::Variables::kOff,
                               Pattern::Case::kFolded);
    });
    return {};
  }

  Result<void> resources(const json::Object& source, Policy::Statement& out) {
    TRY(const auto* resource, one_of(source, "Resource", "NotResource"));
    if (policy.kind_ == Kind::kTrust) {
      if (resource != nullptr) return malformed("Has prohibited field Resource");
      return {};
    }
    if (resource == nullptr || (resource->is_array() && resource->as_array().empty())) {
      return malformed("Policy statement must contain resources.");
    }
    CHECK_OK(each_string(*resource, check_resource));
    out.not_resources = source.contains("NotResource");
    visit_strings(*resource, [&](std::string_view text) {
      out.resources.emplace_back(text, Pattern::Wildcards::kOn, variables);
    });
    return {};
  }

  Result<void> principal(const json::Object& source, Policy::Statement& out) {
    TRY(const auto* principal, one_of(source, "Principal", "NotPrincipal"));
    if (policy.kind_ == Kind::kIdentity) {
      if (principal != nullptr) return malformed("Policy document should not specify a principal.");
      return {};
    }
    if (principal == nullptr) return malformed("Missing required field Principal");
    CHECK_OK(check_principal(*principal));
    out.principal = PrincipalElement(*principal, source.contains("NotPrincipal")
                                                     ? PrincipalElement::Sense::kNotPrincipal
                                                     : PrincipalElement::Sense::kPrincipal);
    return {};
  }

  Result<void> conditions(const json::Value& condition, Policy::Statement& out) {
    if (!condition.is_object()) return bad_syntax();
    for (const auto& [op, keys] : condition.as_object()) {
      if (op.empty() || !keys.is_object()) return bad_syntax();
      for (const auto& [key, values] : keys.as_object()) {
        const auto scalar = [](const json::Value& v) {
          return v.is_string() || v.is_bool() || v.is_number();
        };
        const bool fine =
            scalar(values) || (values.is_array() && std::ranges::all_of(values.as_array(), scalar));
        if (key.empty() || !fine) return bad_syntax();
        TRY(auto compiled, Condition::parse(op, key, values, variables));
        out.conditions.push_back(std::move(compiled));
      }
    }
    return {};
  }
};

Result<PolicyPtr> Policy::parse(std::string_view text, Kind kind) {
  const auto parsed = json::parse(text);
  if (!parsed) return malformed("This policy contains invalid Json");
  if (!parsed->is_object()) return bad_syntax();
  auto out = std::make_shared<Policy>();
  out->kind_ = kind;
  out->source_ = text;
  Compiler compiler{.policy = *out, .sids = {}};
  CHECK_OK(compiler.document(parsed->as_object()));
  return PolicyPtr(std::move(out));
}

std::vector<std::string> Policy::resources() const {
  std::vector<std::string> out;
  for (const auto& statement : statements_) {
    for (const auto& resource : statement.resources) out.push_back(resource.text());
  }
  return out;
}

Grant Policy::applies(const Statement& statement, const Request& request) const {
  const auto any = [&](const std::vector<Pattern>& patterns, std::string_view text) {
    auto out = Match::kNo;
    for (const auto& pattern : patterns) {
      const auto match = pattern.matches(text, request.context);
      if (match == Match::kYes) return match;
      if (match == Match::kUnresolved) out = match;
    }
    return out;
  };
  if ((any(statement.actions, request.action) == Match::kYes) == statement.not_actions) {
    return Grant::kNone;
  }
  if (kind_ != Kind::kTrust) {
    const auto match = any(statement.resources, request.resource);
    if (match == Match::kUnresolved) return Grant::kNone;
    if ((match == Match::kYes) == statement.not_resources) return Grant::kNone;
  }
  auto grant = Grant::kDirect;
  if (kind_ != Kind::kIdentity) {
    grant = statement.principal.applies(request.principal, statement.denies);
    if (grant == Grant::kNone) return grant;
  }
  for (const auto& condition : statement.conditions) {
    if (condition.holds(request.context) != Match::kYes) return Grant::kNone;
  }
  return grant;
}

std::vector<size_t> Policy::matching(const Request& request, bool denies) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < statements_.size(); ++i) {
    if (statements_[i].denies == denies && applies(statements_[i], request) != Grant::kNone)
      out.push_back(i);
  }
  return out;
}

Opinion Policy::evaluate(const Request& request) const {
  Opinion out;
  for (const auto& statement : statements_) {
    // Once the best grant is found only a Deny can change the outcome.
    if (!statement.denies && out.allows == Grant::kDirect) continue;
    const auto grant = applies(statement, request);
    if (grant == Grant::kNone) continue;
    if (statement.denies) return {.denies = true, .allows = Grant::kNone};
    out.allows = std::max(out.allows, grant);
  }
  return out;
}

}  // namespace dew::policy
