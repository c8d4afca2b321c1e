// Property: whatever the text, parsing ends within its limits, and a document that was read is read
// again from its JSON form to the same document. What validates has known types only, and
// converting properties twice is converting them once.
#include <cmath>
#include <cstdlib>

#include "services/cloudformation/blueprint.h"

namespace {

using dew::json::Value;

// Boost.JSON 1.81 reads the last digit of a double inexactly.
constexpr double kLastDigits = 1e-14;

bool same(const Value& a, const Value& b) {
  if (a.is_double() && b.is_number()) {
    const double x = a.as_double();
    const double y = b.to_number<double>();
    return x == y || std::abs(x - y) <= kLastDigits * std::abs(x);
  }
  if (a.is_array() && b.is_array()) {
    return std::ranges::equal(a.as_array(), b.as_array(), same);
  }
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return false;
    return std::ranges::all_of(a.as_object(), [&](const auto& member) {
      const auto* other = b.as_object().if_contains(member.key());
      return other != nullptr && same(member.value(), *other);
    });
  }
  return a == b;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dew;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = cloudformation::parse_template_text(text);
  if (document && document->is_object()) {
    const auto again = cloudformation::parse_template_text(json::dump(*document));
    if (again && !same(*document, *again)) std::abort();
  }
  const auto tmpl = cloudformation::parse_template(text);
  if (!tmpl) return 0;
  const bool valid = cloudformation::validate(*tmpl).has_value();
  (void)cloudformation::capabilities(*tmpl);
  for (const auto& [name, resource] : tmpl->resources) {
    const auto* type = cloudformation::find_type(resource.type);
    if (valid && type == nullptr) std::abort();
    if (type == nullptr) continue;
    // Converting to the declared types is done once converted.
    const auto once = cloudformation::coerce(*type->shape, resource.properties, name);
    if (!once) continue;
    const auto twice = cloudformation::coerce(*type->shape, *once, name);
    if (!twice || !same(*once, *twice)) std::abort();
  }
  return 0;
}
