#include "user_input.h"

#include <dew/router.h>
#include <dew/sanitize.h>
#include <dew/validation.h>

namespace users {
namespace {

// Longer text is left as it is: it is too long for any field.
constexpr size_t kMaxSanitized = 1000;

const dew::validation::Schema& schema() {
  using dew::validation::integer;
  using dew::validation::string;
  static const dew::validation::Schema instance{
      string("name").required().length(2, 100),
      string("email").required().email(),
      integer("age").range(0, 120),
      string("phone").e164(),
  };
  return instance;
}

}  // namespace

dew::json::object read_user(dew::json::object input) {
  for (auto& member : input) {
    if (!member.value().is_string()) continue;
    const std::string_view text = member.value().get_string();
    if (dew::validation::code_points(text) > kMaxSanitized) continue;
    const std::string clean = dew::strip_script_tags(text);
    member.value() = std::string(dew::trim(clean));
  }
  const auto errors = schema().check(input);
  if (!errors.empty()) {
    throw dew::HttpError(400, "Validation failed", {{"fields", dew::validation::to_json(errors)}});
  }
  dew::json::object user = schema().pick(input);
  if (auto* age = user.if_contains("age"))
    *age = static_cast<int64_t>(age->to_number<double>());  // 36.0 is 36
  return user;
}

}  // namespace users
