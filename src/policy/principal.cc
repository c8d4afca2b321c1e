#include "policy/principal.h"

#include <algorithm>

namespace dew::policy {

namespace {

constexpr size_t kAccountDigits = 12;

bool is_account(std::string_view text) {
  return text.size() == kAccountDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The account of arn:aws:iam::ACCOUNT:root; empty for any other.
std::string_view account_of_root(std::string_view arn) {
  constexpr std::string_view kPrefix = "arn:aws:iam::";
  constexpr std::string_view kSuffix = ":root";
  if (!arn.starts_with(kPrefix) || !arn.ends_with(kSuffix)) return {};
  const auto account = arn.substr(kPrefix.size());
  return account.substr(0, account.size() - kSuffix.size());
}

template <class Visit>
void each(const json::Value& value, Visit&& visit) {
  if (value.is_string()) return visit(json::view(value.as_string()));
  for (const auto& item : value.as_array()) visit(json::view(item.as_string()));
}

}  // namespace

PrincipalElement::PrincipalElement(const json::Value& element, Sense sense) : sense_(sense) {
  if (element.is_string()) {
    everyone_ = true;
    return;
  }
  for (const auto& [kind, value] : element.as_object()) {
    if (kind == "Service") {
      each(value, [&](std::string_view name) { services_.emplace_back(name); });
    } else if (kind == "AWS") {
      each(value, [&](std::string_view name) {
        if (name == "*") {
          everyone_ = true;
        } else if (is_account(name)) {
          accounts_.emplace_back(name);
        } else if (const auto account = account_of_root(name); !account.empty()) {
          accounts_.emplace_back(account);
        } else {
          arns_.emplace_back(name);
        }
      });
    }
    // Federated and CanonicalUser name nobody who can sign here.
  }
}

bool PrincipalElement::names(std::string_view arn) const {
  return std::ranges::find(arns_, arn) != arns_.end();
}

Grant PrincipalElement::listed(const Principal& who) const {
  if (who.kind == Principal::Kind::kService) {
    if (std::ranges::find(services_, who.arn) != services_.end()) return Grant::kDirect;
    return everyone_ ? Grant::kDirect : Grant::kNone;
  }
  if (everyone_) return Grant::kDirect;
  if (who.kind == Principal::Kind::kAnonymous) return Grant::kNone;
  if (names(who.arn)) return Grant::kDirect;
  if (who.kind == Principal::Kind::kRoleSession && names(who.role_arn)) return Grant::kRole;
  if (std::ranges::find(accounts_, who.account) == accounts_.end()) return Grant::kNone;
  return who.kind == Principal::Kind::kRoot ? Grant::kDirect : Grant::kAccount;
}

Grant PrincipalElement::applies(const Principal& who, bool denies) const {
  if (sense_ == Sense::kPrincipal) return listed(who);
  if (!denies) return listed(who) == Grant::kNone ? Grant::kDirect : Grant::kNone;
  // A Deny spares only whom it lists with role and account, and nobody who has a boundary.
  if (everyone_) return Grant::kNone;
  bool spared = listed(who) == Grant::kDirect;
  if (who.kind == Principal::Kind::kUser || who.kind == Principal::Kind::kRoleSession) {
    spared = spared && std::ranges::find(accounts_, who.account) != accounts_.end();
  }
  if (who.kind == Principal::Kind::kRoleSession) spared = spared && names(who.role_arn);
  if (who.bounded) spared = false;
  return spared ? Grant::kNone : Grant::kDirect;
}

}  // namespace dew::policy
