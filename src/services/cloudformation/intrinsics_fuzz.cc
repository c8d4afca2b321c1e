// Property: evaluation of any value ends within its limits, and a value without functions evaluates
// to itself.
#include <cstdlib>

#include "services/cloudformation/intrinsics.h"
#include "services/cloudformation/references.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  using namespace dew::cloudformation;
  static const auto tmpl = *parse_template(
      R"({"Mappings":{"M":{"k":{"v":"x"}}},"Conditions":{"C":{"Fn::Equals":["a","a"]}},"Resources":{"R":{"Type":"T"}}})");
  const auto value = parse_template_text({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  Environment environment;
  environment.ref = [](std::string_view name) -> ApiResult<json::Value> {
    return json::String(name);
  };
  // As custom resources and nested stacks answer: text, other scalars, lists, and nothing.
  environment.get_att = [](std::string_view name,
                           std::string_view attribute) -> ApiResult<json::Value> {
    if (attribute.starts_with("Outputs.")) return json::String(attribute);
    if (attribute == "Number") return json::Value(7);
    if (attribute == "Flag") return json::Value(true);
    if (attribute == "List") return json::Array{json::String(name), json::Value(1)};
    if (attribute == "Map") return json::Object{{"k", json::Value(nullptr)}};
    if (attribute == "None") return invalid("no such attribute");
    return json::String(name);
  };
  environment.import_value = environment.ref;
  environment.dynamic = [](std::string_view, std::string_view key,
                           std::string_view) -> ApiResult<std::string> { return std::string(key); };
  Evaluator evaluator(tmpl, environment);
  const auto evaluated = evaluator.evaluate(*value);
  if (evaluated && *evaluated) {
    if (json::dump(**evaluated).size() > 8 * kEvaluatedBytes + 2 * size) std::abort();
    (void)evaluator.resolve_dynamic(**evaluated, "");
  }
  return 0;
}
