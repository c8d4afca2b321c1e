// A schema and a value, a line break between them: what the schema takes, its negation does not,
// whatever both are. Only the bounds of the work may make both refuse.
#include <cstdlib>

#include "services/apigateway/json_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using dew::apigateway::JsonSchema;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto schema = dew::json::parse(text.substr(0, line));
  const auto value = dew::json::parse(text.substr(line + 1));
  if (!schema || !value) return 0;
  const auto compiled = JsonSchema::compile(*schema);
  if (!compiled) {
    if (compiled.error().message.empty()) std::abort();
    return 0;
  }
  const auto wrong = compiled->check(*value);
  // References are pointers from the root, which the negation moves.
  if (text.find("$ref") != std::string_view::npos || text.find("\"id\"") != std::string_view::npos)
    return 0;
  const auto negation = JsonSchema::compile(dew::json::Object{{"not", *schema}});
  if (!negation) return 0;  // one level deeper than the limit
  const auto wrong_too = negation->check(*value);
  if (!wrong && !wrong_too) std::abort();
  if (wrong && wrong_too && !wrong->starts_with("the body takes") &&
      !wrong->starts_with("the body is nested") && !wrong_too->starts_with("the body takes") &&
      !wrong_too->starts_with("the body is nested")) {
    std::abort();
  }
  return 0;
}
