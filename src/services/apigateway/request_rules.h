// RequestRules: what a method's validator asks of a request: parameters that must be there, and a
// body that matches the model of its content type.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
//
// Immutable, thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/json.h"
#include "services/apigateway/json_schema.h"
#include "services/apigateway/refusal.h"

namespace dew::apigateway {

struct Exchange;

struct RequestRules {
  struct Parameter {
    enum class In { kHeader, kQuery, kPath };
    In in = In::kHeader;
    std::string name;
  };
  std::vector<Parameter> required;
  // By content type; "$default" is for those without a model of their own.
  std::vector<std::pair<std::string, std::shared_ptr<const JsonSchema>>> bodies;
};
using RequestRulesPtr = std::shared_ptr<const RequestRules>;

// Documents of the API by name or id, as a deployment has frozen them.
using ModelFinder = std::function<const json::Object*(std::string_view name)>;

// The schema of a model, with the models that it refers to
// (https://apigateway.amazonaws.com/restapis/API/models/NAME).
Result<JsonSchema> compile_model(const json::Object& model, const ModelFinder& models);

// Null: there is nothing to check.
Result<RequestRulesPtr> build_rules(const json::Object& method, const json::Object& validator,
                                    const ModelFinder& models);

std::optional<Refusal> check_request(const Exchange& exchange, const RequestRules& rules);

}  // namespace dew::apigateway
