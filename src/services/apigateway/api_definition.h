// ApiDefinition: what an OpenAPI 3.0 or Swagger 2.0 document says of a REST API, as the inputs of
// the operations that make it (import_api.cc calls them).
//
// An extension of API Gateway's that is not honoured is refused by name; a minor finding is a
// warning. Hostile input: what references to the same part make again and again is limited
// (kMaxDefinedBytes), and so is how many parts with a name there may be. Pure, thread-safe.
// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "json/json.h"

namespace dew::apigateway {

// What operations take from parts that they refer to, about.
inline constexpr size_t kMaxDefinedBytes = 64 * 1024 * 1024;
// Far more than AWS's quotas let in; the bound of the work that goes with their square.
inline constexpr size_t kMaxNamedParts = 500;
inline constexpr size_t kMaxModels = 5000;

struct DefinedMethod {
  std::string path;
  std::string verb;        // or ANY
  json::Object method;     // PutMethod, but for the ids
  std::string authorizer;  // names; empty: none
  std::string validator;
  std::vector<json::Object> responses;      // PutMethodResponse
  std::optional<json::Object> integration;  // PutIntegration
  std::vector<json::Object> integration_responses;
};

struct ApiDefinition {
  json::Object api;  // CreateRestApi
  std::vector<json::Object> models;
  std::vector<json::Object> validators;
  std::vector<json::Object> authorizers;
  std::vector<json::Object> gateway_responses;
  std::vector<std::string> paths;  // with those that have no method
  std::vector<DefinedMethod> methods;
  std::vector<std::string> warnings;
};

// docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-basePath.html
enum class BasePath { kIgnore, kPrepend, kSplit };

struct DefinitionOptions {
  std::string api_id;  // for models that refer to each other
  BasePath base_path = BasePath::kIgnore;
  bool ignore_documentation = false;
};

aws::ApiResult<ApiDefinition> read_definition(const json::Object& document,
                                              const DefinitionOptions& options);

// ---- For the parts of the reader

struct Reading {
  const json::Object& root;
  const DefinitionOptions& options;
  bool swagger = false;  // 2.0, else OpenAPI 3.0
  std::set<std::string> models;
  size_t bytes = 0;
  ApiDefinition out;

  // Before `more` bytes are made of the document.
  aws::ApiResult<void> count(size_t more);
  void warn(std::string text) { out.warnings.push_back(std::move(text)); }
};

inline constexpr std::string_view kExtension = "x-amazon-apigateway-";

// What a definition may write as text or not: "2.0" and 2.0, "200" and 200.
std::string scalar_text(const json::Value& value);
// Refuses an extension of API Gateway's that is not among the known ones.
aws::ApiResult<void> check_extensions(const json::Object& object,
                                      std::initializer_list<std::string_view> known,
                                      std::string_view where);
// The object, or what its local $ref points at.
aws::ApiResult<const json::Object*> resolved(const Reading& reading, const json::Value& value,
                                             std::string_view where);

// The named schemas.
aws::ApiResult<void> read_models(Reading& reading);
// The name of the model that stands for a schema; empty, with a warning, where there is none.
aws::ApiResult<std::string> model_of(Reading& reading, const json::Value& schema,
                                     std::string_view where);

aws::ApiResult<void> read_method(Reading& reading, const std::string& path, std::string verb,
                                 const json::Object& item, const json::Object& operation);

}  // namespace dew::apigateway
