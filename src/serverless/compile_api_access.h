// Who may call an API, and what it takes: authorizers, models and validators of requests, API keys
// and usage plans. Internal to this folder.
// www.serverless.com/framework/docs/providers/aws/events/apigateway
#pragma once

#include <optional>
#include <string>

#include "serverless/compile_parts.h"

namespace dew::serverless {

// An event's `authorizer`, whatever its form.
struct Authorizer {
  enum class Kind { kSignature, kElsewhere, kFunction };
  Kind kind = Kind::kSignature;
  std::string type;  // of kElsewhere, as the method names it; of kFunction TOKEN or REQUEST
  json::Value id;    // of kElsewhere
  // Of kFunction.
  std::string name;
  json::Value function;
  std::string alias;  // the logical id of the function's alias, if it has provisioned concurrency
  std::optional<int64_t> ttl_seconds;
  std::string identity_source;
  std::string validation;
  bool managed_externally = false;

  std::string logical_id() const;
};

// nullopt: the event has none. `where` is the event's path in the document.
Result<std::optional<Authorizer>> authorizer_of(const Service& service, const Node& event,
                                                const std::string& where);

// AuthorizationType and what else of a method's properties says who may call it.
void authorize_method(json::Object& properties, const std::optional<Authorizer>& authorizer);
// The authorizer itself. Events may share it.
void add_authorizer(Compilation& out, const json::Value& api_id, const Authorizer& authorizer);

// RequestParameters, RequestValidatorId, RequestModels, and the models and the validator that they
// name. `method_id`: the method's logical id.
void check_requests(Compilation& out, const json::Value& api_id, const Node& event,
                    const std::string& method_id, json::Object& properties);

// apiGateway.apiKeys and .usagePlan.
Result<void> add_keys_and_plans(Compilation& out, const json::Value& api_id);

}  // namespace dew::serverless
