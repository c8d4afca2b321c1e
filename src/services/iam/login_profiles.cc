// Login profiles: that a user may sign in to the console, and whether the password is to be changed
// then. Nobody signs in to a console here: a password is checked against the default password
// policy, and kept nowhere.
// docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html
// docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
#include <algorithm>

#include "services/iam/state.h"

namespace dew::iam {

namespace {

// "Minimum password length of 8 characters"; "a minimum of three of the following mix of character
// types"; the upper bound is the model's.
constexpr size_t kPasswordChars = 8;
constexpr int kCharacterTypes = 3;

ApiResult<void> check_password(const State& state, std::string_view password) {
  const auto violation = [](std::string message) {
    return aws::fail("PasswordPolicyViolation", std::move(message));
  };
  // Above ASCII, a character is two bytes in UTF-8.
  const auto chars = std::ranges::count_if(
      password, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (static_cast<size_t>(chars) < kPasswordChars) {
    return violation(fmt::format("Password should have a minimum length of {}", kPasswordChars));
  }
  const auto any = [&](auto is) { return std::ranges::any_of(password, is) ? 1 : 0; };
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto other = [&](char c) { return !upper(c) && !lower(c) && !digit(c); };
  if (any(upper) + any(lower) + any(digit) + any(other) < kCharacterTypes) {
    return violation(
        fmt::format("Password should contain at least {} of: uppercase letters, lowercase letters, "
                    "numbers, non-alphanumeric characters",
                    kCharacterTypes));
  }
  if (password == state.context.config.account)
    return violation("Password should not be the name of the account");
  return {};
}

std::unexpected<aws::ApiError> no_profile(std::string_view user) {
  return no_such_entity(fmt::format("Login Profile for User {} cannot be found.", user));
}

// The user's record, which has its profile as "Login".
ApiResult<json::Object> load_with_profile(const State& state, const std::string& name) {
  TRY(auto user, load_principal(state, Principal::kUser, name));
  if (!user.contains("Login")) return no_profile(name);
  return user;
}

json::Value shown(const json::Object& user) {
  auto profile = *json::object_at(user, "Login");
  profile["UserName"] = json::string_or(user, "UserName");
  return json::Object{{"LoginProfile", std::move(profile)}};
}

ApiResult<json::Value> create_profile(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  TRY(auto user, load_principal(state, Principal::kUser, name));
  if (user.contains("Login"))
    return already_exists(fmt::format("Login Profile for user {} already exists.", name));
  const auto password = json::string_at(call.input, "Password");
  if (!password) return aws::fail("ValidationError", "Password must be specified");
  CHECK_OK(check_password(state, *password));
  user["Login"] =
      json::Object{{"CreateDate", state.context.clock.now_seconds()},
                   {"PasswordResetRequired",
                    json::bool_at(call.input, "PasswordResetRequired").value_or(false)}};
  CHECK_OK(store_record(state, principal_key(Principal::kUser, name), user));
  return shown(user);
}

ApiResult<json::Value> get_profile(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  TRY(const auto user, load_with_profile(state, name));
  return shown(user);
}

ApiResult<json::Value> update_profile(State& state, Call& call) {
  const auto name = json::string_or(call.input, "UserName");
  TRY(auto user, load_with_profile(state, name));
  if (const auto password = json::string_at(call.input, "Password"))
    CHECK_OK(check_password(state, *password));
  if (const auto reset = json::bool_at(call.input, "PasswordResetRequired"))
    user["Login"].as_object()["PasswordResetRequired"] = *reset;
  return store_record(state, principal_key(Principal::kUser, name), user);
}

ApiResult<json::Value> delete_profile(State& state, Call& call) {
  TRY(const auto name, user_or_caller(call));
  TRY(auto user, load_with_profile(state, name));
  user.erase("Login");
  return store_record(state, principal_key(Principal::kUser, name), user);
}

}  // namespace

void add_login_profile_operations(const Add& add) {
  add("CreateLoginProfile", create_profile);
  add("GetLoginProfile", get_profile);
  add("UpdateLoginProfile", update_profile);
  add("DeleteLoginProfile", delete_profile);
}

}  // namespace dew::iam
