// Schemas of an API definition become models; their references become those of models.
// docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
#include <fmt/format.h>

#include "base/encoding.h"
#include "services/apigateway/api_definition.h"

namespace dew::apigateway {

namespace {

constexpr std::string_view kSwaggerSchemas = "#/definitions/";
constexpr std::string_view kOpenApiSchemas = "#/components/schemas/";
constexpr std::string_view kModels = "/models/";
constexpr std::string_view kModelUrl = "https://apigateway.amazonaws.com/restapis/";

// The name that a reference ends with; empty: no reference to a schema.
std::string_view model_named(std::string_view reference) {
  for (const auto prefix : {kSwaggerSchemas, kOpenApiSchemas}) {
    if (reference.starts_with(prefix)) return reference.substr(prefix.size());
  }
  const size_t at = reference.find(kModels);
  if (reference.starts_with(kModelUrl) && at != std::string_view::npos)
    return reference.substr(at + kModels.size());
  return {};
}

json::Value rewritten(const Reading& reading, const json::Value& schema) {
  if (schema.is_array()) {
    json::Array out;
    for (const auto& item : schema.get_array()) out.push_back(rewritten(reading, item));
    return out;
  }
  if (!schema.is_object()) return schema;
  json::Object out;
  for (const auto& [key, value] : schema.get_object()) {
    const auto name =
        key == "$ref" && value.is_string() ? model_named(json::str(value)) : std::string_view();
    if (name.empty()) {
      out[key] = rewritten(reading, value);
    } else {
      out[key] = fmt::format("{}{}{}{}", kModelUrl, reading.options.api_id, kModels,
                             std::string(model_named(json::str(value))));
    }
  }
  return out;
}

void add_model(Reading& reading, const std::string& name, const json::Object& schema,
               std::string schema_text) {
  json::Object model{{"name", name}, {"contentType", "application/json"}};
  if (const auto about = json::string_at(schema, "description")) model["description"] = *about;
  model["schema"] = schema_text;
  reading.models.insert(name);
  reading.out.models.push_back(std::move(model));
}

}  // namespace

aws::ApiResult<void> read_models(Reading& reading) {
  const auto* owner = reading.swagger ? &reading.root : json::object_at(reading.root, "components");
  const auto* schemas =
      owner ? json::object_at(*owner, reading.swagger ? "definitions" : "schemas") : nullptr;
  if (!schemas) return {};
  for (const auto& [name, schema] : *schemas) {
    if (!schema.is_object()) {
      return aws::fail("BadRequestException",
                       fmt::format("Invalid OpenAPI input: the schema {} is not an object",
                                   std::string_view(name)),
                       400);
    }
    add_model(reading, std::string(name), schema.get_object(),
              json::dump(rewritten(reading, schema)));
  }
  return {};
}

aws::ApiResult<std::string> model_of(Reading& reading, const json::Value& schema,
                                     std::string_view where) {
  if (!schema.is_object()) return std::string();
  const auto& object = schema.get_object();
  if (object.empty()) return std::string("Empty");
  if (const auto reference = json::string_at(object, "$ref")) {
    std::string name{model_named(*reference)};
    if (name == "Empty" || name == "Error" || reading.models.contains(name)) return name;
    CHECK_OK(reading.count(reference->size()));
    reading.warn(fmt::format("Unable to find model '{}' of {}: {}", name, where, *reference));
    return std::string();
  }
  // A name that the same schema gets again.
  constexpr size_t kNameHexDigits = 6;
  auto schema_text = json::dump(rewritten(reading, schema));
  CHECK_OK(reading.count(schema_text.size()));
  auto name = "MODEL" + hex_encode(md5(schema_text)).substr(0, kNameHexDigits);
  if (!reading.models.contains(name)) add_model(reading, name, object, std::move(schema_text));
  return name;
}

}  // namespace dew::apigateway
