// Request validators: which of a request's parts a method checks.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateRequestValidator.html
#include <fmt/format.h>

#include <array>

#include "base/ids.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;

aws::ApiError no_such_validator() {
  return not_found("Invalid Request Validator identifier specified");
}

aws::ApiResult<void> save(Control& control, const aws::Call& call, const json::Object& validator) {
  store::Batch batch;
  Repository::put(batch, text(call, "restApiId"), kRequestValidator,
                  json::string_or(validator, "id"), validator);
  return control.repository.commit(batch);
}

}  // namespace

Answer create_request_validator(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  json::Object validator{{"id", random_alnum(6)}};
  copy_member(validator, call.input, "name");
  for (const auto member : {"validateRequestBody", "validateRequestParameters"})
    validator[member] = json::bool_at(call.input, member).value_or(false);
  CHECK_OK(save(control, call, validator));
  return validator;
}

Answer get_request_validator(Control& control, aws::Call& call) {
  TRY(auto validator, control.owned(call, kRequestValidator, text(call, "requestValidatorId"),
                                    no_such_validator()));
  return validator;
}

Answer get_request_validators(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(auto validators, control.repository.list(text(call, "restApiId"), kRequestValidator));
  return page(call, std::move(validators), "id", kDefaultPage);
}

Answer update_request_validator(Control& control, aws::Call& call) {
  using Type = PatchRule::Type;
  static constexpr auto kRules =
      std::to_array<PatchRule>({{"/name"},
                                {"/validateRequestBody", Type::kBool},
                                {"/validateRequestParameters", Type::kBool}});
  const std::scoped_lock lock(control.write);
  TRY(auto validator, control.owned(call, kRequestValidator, text(call, "requestValidatorId"),
                                    no_such_validator()));
  CHECK_OK(apply_patches(validator, call.input, kRules));
  CHECK_OK(save(control, call, validator));
  return validator;
}

Answer delete_request_validator(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  const auto id = text(call, "requestValidatorId");
  CHECK_OK(control.owned(call, kRequestValidator, id, no_such_validator()));
  TRY(const auto user, method_with(control, text(call, "restApiId"), "requestValidatorId", id));
  if (!user.empty()) {
    return aws::fail(conflict(fmt::format(
        "Cannot delete request validator '{}', is referenced in method: {}", id, user)));
  }
  store::Batch batch;
  Repository::erase(batch, text(call, "restApiId"), kRequestValidator, id);
  CHECK_OK(control.repository.commit(batch));
  return json::Object();
}

}  // namespace dew::apigateway
