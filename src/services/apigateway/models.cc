// Models: JSON schemas of an API's bodies. Every API has Empty and Error from the beginning.
// docs.aws.amazon.com/apigateway/latest/api/API_CreateModel.html
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/ids.h"
#include "services/apigateway/errors.h"
#include "services/apigateway/operations.h"
#include "services/apigateway/patch.h"
#include "services/apigateway/request_rules.h"

namespace dew::apigateway {

namespace {

constexpr int64_t kDefaultPage = 25;
constexpr size_t kMaxSchemaBytes = 400 * 1024;  // API Gateway's quota for a model

json::Object builtin(std::string_view name) {
  const bool empty = name == "Empty";
  return {{"id", empty ? "empty" : "error"},
          {"name", name},
          {"description",
           empty ? "This is a default empty schema model" : "This is a default error schema model"},
          {"schema", empty ? R"({
  "$schema": "http://json-schema.org/draft-04/schema#",
  "title" : "Empty Schema",
  "type" : "object"
})"
                           : R"({
  "$schema" : "http://json-schema.org/draft-04/schema#",
  "title" : "Error Schema",
  "type" : "object",
  "properties" : {
    "message" : { "type" : "string" }
  }
})"},
          {"contentType", "application/json"}};
}

aws::ApiError invalid_model(std::string_view why) {
  return bad_request(
      fmt::format("Invalid model specified: Validation Result: warnings : [], "
                  "errors : [Invalid model schema specified. {}]",
                  why));
}

aws::ApiError no_such_model(std::string_view name) {
  return not_found(fmt::format("Invalid model name specified: {}", name));
}

aws::ApiResult<json::Object> find(Control& control, const aws::Call& call) {
  CHECK_OK(control.api(call));
  const auto name = text(call, "modelName");
  TRY(const auto all, models_of(control, text(call, "restApiId")));
  for (const auto& model : all) {
    if (json::string_or(model, "name") == name) return model;
  }
  return aws::fail(no_such_model(name));
}

aws::ApiResult<void> save(Control& control, const aws::Call& call, const json::Object& model) {
  store::Batch batch;
  Repository::put(batch, text(call, "restApiId"), kModel, json::string_or(model, "name"), model);
  return control.repository.commit(batch);
}

}  // namespace

aws::ApiResult<void> check_model(const json::Object& model, const Repository::Documents& all) {
  const auto own = json::string_or(model, "name");
  if (own.empty() || !std::ranges::all_of(own, [](unsigned char c) { return std::isalnum(c); }))
    return aws::fail(bad_request(fmt::format("Model name must be alphanumeric: {}", own)));
  if (json::string_or(model, "contentType").empty())
    return aws::fail(bad_request("Content type must be specified for a model"));
  if (json::string_or(model, "schema").size() > kMaxSchemaBytes)
    return aws::fail(invalid_model("The schema is larger than 400 KB"));
  const auto compiled = compile_model(model, [&](std::string_view name) {
    const auto found = std::ranges::find_if(
        all, [&](const auto& one) { return json::string_or(one, "name") == name; });
    return found == all.end() ? nullptr : &*found;
  });
  if (!compiled) return aws::fail(invalid_model(compiled.error().message));
  return {};
}

aws::ApiResult<Repository::Documents> models_of(Control& control, const std::string& api_id) {
  TRY(auto all, control.repository.list(api_id, kModel));
  for (const auto* name : {"Empty", "Error"}) {
    if (std::ranges::none_of(
            all, [&](const auto& model) { return json::string_or(model, "name") == name; })) {
      all.push_back(builtin(name));
    }
  }
  std::ranges::sort(all, {}, [](const auto& model) { return json::string_or(model, "name"); });
  return all;
}

Answer create_model(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  CHECK_OK(control.api(call));
  const auto name = text(call, "name");
  TRY(const auto all, models_of(control, text(call, "restApiId")));
  for (const auto& model : all) {
    if (json::string_or(model, "name") == name)
      return aws::fail(conflict("Model name already exists for this REST API"));
  }
  json::Object model{{"id", random_alnum(6)}, {"name", name}};
  for (const auto member : {"description", "schema", "contentType"})
    copy_member(model, call.input, member);
  CHECK_OK(check_model(model, all));
  CHECK_OK(save(control, call, model));
  return model;
}

Answer get_model(Control& control, aws::Call& call) {
  if (json::bool_at(call.input, "flatten").value_or(false))
    return aws::fail(unsupported("models with their references resolved (flatten)"));
  TRY(auto model, find(control, call));
  return model;
}

Answer get_models(Control& control, aws::Call& call) {
  CHECK_OK(control.api(call));
  TRY(auto all, models_of(control, text(call, "restApiId")));
  return page(call, std::move(all), "name", kDefaultPage);
}

Answer update_model(Control& control, aws::Call& call) {
  static constexpr auto kRules = std::to_array<PatchRule>({{"/schema"}, {"/description"}});
  const std::scoped_lock lock(control.write);
  TRY(auto model, find(control, call));
  CHECK_OK(apply_patches(model, call.input, kRules));
  TRY(const auto all, models_of(control, text(call, "restApiId")));
  CHECK_OK(check_model(model, all));
  CHECK_OK(save(control, call, model));
  return model;
}

Answer delete_model(Control& control, aws::Call& call) {
  const std::scoped_lock lock(control.write);
  TRY(const auto model, find(control, call));
  const auto name = json::string_or(model, "name");
  TRY(const auto own, control.repository.get(text(call, "restApiId"), kModel, name));
  if (!own) return aws::fail(unsupported("the deletion of the models Empty and Error"));
  TRY(const auto user, method_with(control, text(call, "restApiId"), "requestModels", name));
  if (!user.empty()) {
    return aws::fail(conflict(
        fmt::format("Cannot delete model '{}', is referenced in method request: {}", name, user)));
  }
  const auto reference = fmt::format("/models/{}", name);
  TRY(const auto all, models_of(control, text(call, "restApiId")));
  for (const auto& other : all) {
    const auto schema = json::string_or(other, "schema");
    const size_t at = schema.find(reference);
    if (at == std::string::npos || json::string_or(other, "name") == name) continue;
    const char next = at + reference.size() < schema.size() ? schema[at + reference.size()] : '"';
    if (std::isalnum(static_cast<unsigned char>(next))) continue;
    return aws::fail(conflict(fmt::format("Cannot delete model '{}', is referenced in model: {}",
                                          name, json::string_or(other, "name"))));
  }
  store::Batch batch;
  Repository::erase(batch, text(call, "restApiId"), kModel, name);
  CHECK_OK(control.repository.commit(batch));
  return json::Object();
}

}  // namespace dew::apigateway
