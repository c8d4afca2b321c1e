// Whatever is read as a definition says the same when it is written as JSON, and what it is made
// into holds together: operations know their paths, their models and their statuses.
#include <algorithm>
#include <cstdlib>

#include "services/apigateway/api_definition.h"
#include "services/apigateway/definition_text.h"

namespace {

using dew::apigateway::ApiDefinition;
namespace json = dew::json;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_models(const ApiDefinition& definition, const json::Object& owner,
                  std::string_view member) {
  const auto* models = json::object_at(owner, member);
  for (const auto& model : models ? *models : json::Object()) {
    const auto name = json::str(model.value());
    check(name == "Empty" || name == "Error" ||
          std::ranges::any_of(definition.models, [&](const auto& one) {
            return json::string_or(one, "name") == name;
          }));
  }
}

void check_definition(const ApiDefinition& definition) {
  check(!json::string_or(definition.api, "name").empty());
  for (const auto& method : definition.methods) {
    check(std::ranges::find(definition.paths, method.path) != definition.paths.end());
    check(!method.verb.empty() && method.path.starts_with('/'));
    check_models(definition, method.method, "requestModels");
    for (const auto& response : method.responses) {
      check(json::string_or(response, "statusCode").size() == 3);
      check_models(definition, response, "responseModels");
    }
    for (const auto& response : method.integration_responses)
      check(json::string_at(response, "statusCode").has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto document =
      dew::apigateway::parse_definition({reinterpret_cast<const char*>(data), size});
  if (!document) {
    check(!document.error().message.empty());
    return 0;
  }
  const auto again = dew::apigateway::parse_definition(json::dump(*document));
  if (again) check(*again == *document);
  for (const auto base : {dew::apigateway::BasePath::kIgnore, dew::apigateway::BasePath::kPrepend,
                          dew::apigateway::BasePath::kSplit}) {
    const auto definition =
        dew::apigateway::read_definition(*document, {.api_id = "api", .base_path = base});
    if (definition) {
      check_definition(*definition);
    } else {
      check(!definition.error().message.empty());
    }
  }
  return 0;
}
