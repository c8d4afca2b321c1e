#include "services/apigateway/definition_text.h"

#include "json/yaml.h"

namespace dew::apigateway {

Result<json::Object> parse_definition(std::string_view text) {
  if (text.size() > kMaxDefinitionBytes) return fail(ErrorKind::kInvalid, "it is larger than 6 MB");
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string_view::npos && text[first] == '{';
  TRY(auto value, is_json ? json::parse(text)
                          : json::parse_yaml(text, {.max_bytes = kMaxDefinitionBytes,
                                                    .max_parts = kMaxDefinitionParts,
                                                    .max_depth = kMaxDefinitionDepth}));
  if (!value.is_object()) return fail(ErrorKind::kInvalid, "it is not an object");
  return std::move(value.as_object());
}

}  // namespace dew::apigateway
